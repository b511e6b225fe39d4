-- A node lives and has this many slots. Now and then the entries of each owner are counted again, since nodes of an
-- older version remove entries without counting.
-- ARGV: consumer, slots, slots that it had before, for how many milliseconds this holds, now ('' for the engine's).
local now = time_of(ARGV[5])
redis.call('ZREM', nodes, ARGV[1] .. '/' .. ARGV[3])
if tonumber(ARGV[2]) > 0 then redis.call('ZADD', nodes, now + tonumber(ARGV[4]), ARGV[1] .. '/' .. ARGV[2]) end
sum_up_slots(now)
local recounted = tonumber(redis.call('HGET', shares, 'recounted'))
if not recounted or math.abs(now - recounted) > kRecountEvery then
  redis.call('HSET', shares, 'recounted', now)
  redis.call('DEL', running)
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do count(owner_of(entry[2]), 1) end
end
promote(now)
return 1
