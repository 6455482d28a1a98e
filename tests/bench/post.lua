-- wrk: one POST per request with a fresh nine-digit JSON-RPC id.
--   BENCH_PATH, BENCH_HEADERS (lines "Name: value"), BENCH_BODY ("@ID@" stands for the id)
local head, before, after
local id = 100000000

function init()
  local body = os.getenv("BENCH_BODY")
  local at, last = body:find("@ID@", 1, true)
  before, after = at and body:sub(1, at - 1) or body, at and body:sub(last + 1)
  local size = after and #before + 9 + #after or #before
  head = "POST " .. os.getenv("BENCH_PATH") .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n" ..
    os.getenv("BENCH_HEADERS"):gsub("([^\n]+)\n?", "%1\r\n") .. "Content-Length: " .. size .. "\r\n\r\n" .. before
end

function request()
  if not after then return head end
  id = id + 1
  return head .. id .. after
end

-- Microseconds: requests, duration, bad answers, broken connections, p50, p99.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("BENCH %d %d %d %d %d %d\n", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
