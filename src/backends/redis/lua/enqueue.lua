-- A run is put into the queue, unless it is there.
-- ARGV: group, run, now ('' for the engine's), not before ('' for at once), after how many idle milliseconds a delivered
-- entry counts as abandoned, owner.
-- Answers: 0 it was there, 1 it can be received or waits for its owner's turn, else 1 + the milliseconds until it can.
local group, run, abandoned, owner = ARGV[1], ARGV[2], tonumber(ARGV[5]), ARGV[6]
local now = time_of(ARGV[3])
local not_before = tonumber(ARGV[4])

if owner ~= '' then
  local last = redis.call('HGET', shares, 'last')
  if last ~= owner then
    redis.call('HSET', shares, 'last', owner)
    if last then redis.call('HSET', shares, 'several', now + kSeveralFor) end
  end
end

local id = redis.call('HGET', known, run)
if id then
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    local held = redis.pcall('XPENDING', stream, group, id, id, 1)
    if held.err or #held == 0 or held[1][3] < abandoned then return 0 end
    remove(group, id)
    if owner == '' then owner = owner_of(entry[2]) end
  end
  redis.call('HDEL', known, run)
elseif is_waiting(run) then
  return 0
end

if not_before and not_before > now then
  local due = redis.call('ZSCORE', delayed, run)
  if due and tonumber(due) <= not_before then return 0 end
  redis.call('ZADD', delayed, not_before, run)
  if owner ~= '' then redis.call('HSET', owners, run, owner) end
  return 1 + not_before - now
end

if owner == '' then owner = string.sub(redis.call('HGET', owners, run) or '', 1, 16) end
if redis.call('ZSCORE', delayed, run) then redis.call('HDEL', owners, run) end
place(run, owner, now)
redis.call('ZREM', delayed, run)
return 1
