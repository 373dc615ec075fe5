# The log of tools/soak.sh as a table for docs/reliability.md: a line a step, and what it did.
function flush_step(outcome) {
  if (kills)
    text = kills " kills in " rows " rows, " within " of them with an epoch half done, " again " more while resuming: the same bits each time"
  else if (inputs)
    text = "inputs: " inputs
  else
    text = checks " checks"
  if (bad || outcome !~ /^passed/)
    text = text "; **" (bad ? bad " failed" : "failed") "**"
  printf "| %s | %s | %s |\n", step, text, seconds(outcome)
}
function seconds(outcome) { sub(/^[A-Za-z]+, /, "", outcome); return outcome }

BEGIN { print "| step | result | time |\n|---|---|---|" }
/^=== (passed|FAILED), / { flush_step(substr($0, 5)); next }
/^=== / { step = substr($0, 5); kills = rows = within = again = inputs = checks = bad = 0; next }
/ kills \(/ {
  line = $0
  sub(/^[^)]*\): /, "", line)
  split(line, n, / kills \(| with an epoch half done, | before the first checkpoint, | once more while resuming/)
  rows++; kills += n[1]; within += n[2]; again += n[4]
}
/^== / { target = $2 }
/^stat::number_of_executed_units:/ { inputs = (inputs ? inputs ", " : "") target " " $2 }
/^[0-9]+%: Checks: / { gsub(/,/, ""); checks += $3; bad += $5 + $7 }
