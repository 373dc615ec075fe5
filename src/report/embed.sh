#!/bin/sh
# Files as an array of C strings, a line each, so that the program carries them.
# usage: embed.sh NAME FILE... > NAME.c
set -eu
name=$1
shift
printf '#include "report/report.h"\n\nconst char *const %s[] = {\n' "$name"
cat -- "$@" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n",/'
printf '    NULL,\n};\n'
