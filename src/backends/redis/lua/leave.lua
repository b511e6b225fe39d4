-- A consumer ends: what it holds goes to others. KEYS: stream, known. ARGV: group, consumer, how many at most.
local stream, known, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local held = redis.pcall('XPENDING', stream, group, '-', '+', ARGV[3], consumer)
if held.err then return 0 end
for _, one in ipairs(held) do
  local id = one[1]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  redis.call('XACK', stream, group, id)
  if entry and entry[2][1] == 'run' then
    local run = entry[2][2]
    local newest = redis.call('HGET', known, run)
    redis.call('XDEL', stream, id)
    if not newest or newest == id then
      redis.call('HSET', known, run, redis.call('XADD', stream, '*', 'run', run))
    end
  end
end
if #held < tonumber(ARGV[3]) then redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer) end
return #held
