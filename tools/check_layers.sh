#!/bin/sh
# The rooms have one total order (docs/ARCHITECTURE.md): a file includes its own room or an earlier one. Each foreign
# library is included by one folder only. The C library's allocator belongs to src/base/alloc.c, exit() to src/cli.
# usage: tools/check_layers.sh [PROJECT-FOLDER]
set -eu
cd "${1-$(dirname "$0")/..}"

# Comments would otherwise count as code. Prints `file:line: text`.
code() {
  find "$@" -name '*.[ch]' -type f | LC_ALL=C sort | xargs awk '
    FNR == 1 { inside = 0 }
    {
      text = ""
      line = $0
      while (line != "") {
        if (inside) {
          end = index(line, "*/")
          if (!end) break
          line = substr(line, end + 2)
          inside = 0
        } else {
          begin = index(line, "/*")
          if (!begin) { text = text line; break }
          text = text substr(line, 1, begin - 1)
          line = substr(line, begin + 2)
          inside = 1
        }
      }
      sub(/\/\/.*/, "", text)
      if (text ~ /[^ \t]/) printf "%s:%d: %s\n", FILENAME, FNR, text
    }'
}

code src include tests | awk '
  BEGIN {
    n = split("base 0 autograd 1 nn 2 data 2 io 2 exec 3 train 4 rl 5 gating 6 nas 7 deploy 8 report 8 cli 9", w, " ")
    for (i = 1; i < n; i += 2) level[w[i]] = w[i + 1]
    room_of["tensor"] = room_of["ops"] = "autograd" # public headers that do not bear the name of their room
    n = split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign " \
      "stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype " \
      "dirent dlfcn fcntl fnmatch ftw getopt glob libgen poll pthread regex sched semaphore spawn strings termios " \
      "unistd immintrin cpuid", w, " ")
    for (i = 1; i <= n; i++) standard[w[i]] = 1
  }
  function room(path,    part) { # of src/ROOM/..., tests/ROOM/..., include/dyntrain/NAME.h; "" where there is none
    split(path, part, "/")
    if (part[1] == "include") {
      sub(/\.h$/, "", part[3])
      return part[3] in room_of ? room_of[part[3]] : part[3]
    }
    return part[2] in level ? part[2] : ""
  }
  function complain(what) { printf "%s %s\n", where, what; bad = 1 }
  function check_room(mine, theirs) {
    if (theirs == "" || mine == "" || mine == theirs) return
    if (!(theirs in level)) complain("includes <dyntrain/" theirs ".h>, which belongs to no room")
    else if (level[theirs] >= level[mine]) complain("room " mine " includes room " theirs)
  }
  function foreign(name, folder,    lib) {
    lib = name
    sub(/\/.*/, "", lib)
    sub(/\.h$/, "", lib)
    sub(/^dnnl_.*/, "dnnl", lib)
    sub(/^H5.*/, "hdf5", lib)
    if (name ~ /^(sys|linux)\// || lib in standard || lib == "sanitizer") return
    if (lib in home && home[lib] != folder) complain("<" name "> is included by " home[lib] " already")
    home[lib] = folder
  }
  {
    file = $0
    sub(/:.*/, "", file)
    where = $0
    match(where, /^[^:]*:[0-9]+:/)
    where = substr(where, 1, RLENGTH)
    text = substr($0, RLENGTH + 2)
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    mine = room(file)
    seen[file] = 1
    if (file ~ /^src\// && mine == "") complain("the folder is in no room")
  }
  match(text, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]*[>"]/) {
    name = substr(text, 1, RLENGTH - 1)
    quoted = name ~ /"/
    sub(/^[^<"]*[<"]/, "", name)
    if (name ~ /\.\./) complain("a path with .. hides where it leads: " name)
    else if (name ~ /^dyntrain\//) check_room(mine, room("include/" name))
    else if (name == "dyntrain.h") { if (mine != "" && mine != "cli") complain("<dyntrain.h> is for programs") }
    else if (!quoted) { if (file ~ /^(src|include)\//) foreign(name, folder) }
    else if (index(name, "/")) check_room(mine, room("src/" name))
  }
  text ~ /open_memstream|realpath|json_dumps/ { given[file] = 1 } # memory that the C library hands out must go back to it
  file ~ /^src\// && file != "src/base/alloc.c" &&
    (text ~ /(^|[^A-Za-z0-9_.>])(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup)[ ]*\(/ ||
    (!(file in given) && text ~ /(^|[^A-Za-z0-9_.>])free[ ]*\(/)) {
    complain("allocates or frees beside dt_malloc and arenas")
  }
  file ~ /^src\// && mine != "cli" && text ~ /(^|[^A-Za-z0-9_.>])exit[ ]*\(/ { complain("only src/cli may exit") }
  END {
    for (f in seen) files++
    if (files < 10) { print "only " files + 0 " files found"; bad = 1 }
    exit bad
  }'
