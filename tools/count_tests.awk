# Reads meson's testlog.txt and prints `N passed, N failed`; fails unless all passed. A binary that runs under Check counts
# with each of its checks, any other as one; one that ended badly counts as a failure whatever it printed. A test that
# says it cannot run here (exit status 77) is neither: `, N skipped` follows then.
function flush() {
  if (!in_test)
    return
  passed += checks ? checks - bad : good
  failed += bad ? bad : !good && !skip
  skipped += skip
  in_test = checks = bad = good = skip = 0
}
/^test: / { flush(); in_test = 1 }
/^result: +exit status 0$/ { good = 1 }
/^result: +exit status 77$/ { skip = 1 }
/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
  split($0, n, /[^0-9]+/)
  checks += n[2]
  bad += n[3] + n[4]
}
END {
  flush()
  printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
  exit failed > 0 || passed == 0
}
