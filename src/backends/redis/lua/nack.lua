-- A delivered entry goes back, at once or after a while; not one that somebody else has answered meanwhile.
-- ARGV: group, entry, run, now ('' for the engine's), delay in milliseconds.
local group, entry, run, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])
local now = time_of(ARGV[4])

local held = #redis.call('XPENDING', stream, group, entry, entry, 1)
local owner = remove(group, entry)
local newest = redis.call('HGET', known, run)
if held == 0 or (newest and newest ~= entry) then
  promote(now)
  return 0
end

if delay > 0 then
  redis.call('HDEL', known, run)
  redis.call('ZADD', delayed, now + delay, run)
  if owner and owner ~= '' then redis.call('HSET', owners, run, owner) end
else
  place(run, owner or '', now)
end
promote(now)
return 1
