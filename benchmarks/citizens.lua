-- wrk: every request is of a citizen chosen at random from a file of session tokens; one JSON line at the end.
local tokens = {}

function init(args)
  math.randomseed(tonumber(args[3]))
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  path = args[2]
end

function request()
  return wrk.format("GET", path, { Cookie = "session=" .. tokens[math.random(#tokens)], Accept = "application/json" })
end

function done(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "longest": %.3f, "bad": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
