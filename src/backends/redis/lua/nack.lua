-- A delivered entry goes back, at once or after a while; not one that somebody else has answered meanwhile.
-- KEYS: stream, known, delayed. ARGV: group, entry, run, now ('' for the engine's), delay in milliseconds.
local stream, known, delayed = KEYS[1], KEYS[2], KEYS[3]
local group, entry, run, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])

local held = redis.call('XACK', stream, group, entry)
redis.call('XDEL', stream, entry)
local newest = redis.call('HGET', known, run)
if held == 0 or (newest and newest ~= entry) then return 0 end

if delay > 0 then
  local now = tonumber(ARGV[4])
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  redis.call('HDEL', known, run)
  redis.call('ZADD', delayed, now + delay, run)
else
  redis.call('HSET', known, run, redis.call('XADD', stream, '*', 'run', run))
end
return 1
