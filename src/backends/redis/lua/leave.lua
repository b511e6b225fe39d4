-- A consumer ends: what it holds goes to others, and its slots are no longer counted.
-- ARGV: group, consumer, how many at most, slots, now ('' for the engine's).
local group, consumer = ARGV[1], ARGV[2]
redis.call('ZREM', nodes, consumer .. '/' .. ARGV[4])
sum_up_slots(time_of(ARGV[5]))
local held = redis.pcall('XPENDING', stream, group, '-', '+', ARGV[3], consumer)
if held.err then return 0 end
for _, one in ipairs(held) do
  local id = one[1]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry and entry[2][1] == 'run' then
    local run = entry[2][2]
    local newest = redis.call('HGET', known, run)
    local owner = remove(group, id)
    if not newest or newest == id then add(run, owner) end
  else
    redis.call('XACK', stream, group, id)
  end
end
if #held < tonumber(ARGV[3]) then redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer) end
return #held
