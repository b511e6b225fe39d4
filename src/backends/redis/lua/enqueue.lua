-- A run is put into the queue, unless it is there.
-- KEYS: stream, known, delayed. ARGV: group, run, now ('' for the engine's), not before ('' for at once), after how
-- many idle milliseconds a delivered entry counts as abandoned.
-- Answers: 0 it was there, 1 it can be received, else 1 + the milliseconds until it can.
local stream, known, delayed = KEYS[1], KEYS[2], KEYS[3]
local group, run, abandoned = ARGV[1], ARGV[2], tonumber(ARGV[5])

local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local not_before = tonumber(ARGV[4])

local id = redis.call('HGET', known, run)
if id then
  if #redis.call('XRANGE', stream, id, id) == 1 then
    local held = redis.pcall('XPENDING', stream, group, id, id, 1)
    if held.err or #held == 0 or held[1][3] < abandoned then return 0 end
    redis.call('XACK', stream, group, id)
    redis.call('XDEL', stream, id)
  end
  redis.call('HDEL', known, run)
end

if not_before and not_before > now then
  local due = redis.call('ZSCORE', delayed, run)
  if due and tonumber(due) <= not_before then return 0 end
  redis.call('ZADD', delayed, not_before, run)
  return 1 + not_before - now
end

-- First what needs memory: behind another write the server no longer minds that it has none.
redis.call('HSET', known, run, redis.call('XADD', stream, '*', 'run', run))
redis.call('ZREM', delayed, run)
return 1
