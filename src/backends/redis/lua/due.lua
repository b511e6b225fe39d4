-- Delayed runs that are due become entries of the stream.
-- KEYS: stream, known, delayed. ARGV: now ('' for the engine's), how many at most.
-- Answers the milliseconds until the next one is due, 0 if one is, -1 without any.
local stream, known, delayed = KEYS[1], KEYS[2], KEYS[3]

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

for _, run in ipairs(redis.call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', delayed, run)
  redis.call('HSET', known, run, redis.call('XADD', stream, '*', 'run', run))
end

local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
if #next == 0 then return -1 end
return math.max(0, next[2] - now)
