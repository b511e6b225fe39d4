-- Delayed runs that are due become entries. ARGV: now ('' for the engine's), how many at most.
-- Answers the milliseconds until the next one is due, 0 if one is, -1 without any.
local now = time_of(ARGV[1])
for _, run in ipairs(redis.call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  local owner = redis.call('HGET', owners, run)
  redis.call('ZREM', delayed, run)
  redis.call('HDEL', owners, run)
  place(run, owner and string.sub(owner, 1, 16) or '', now)
end
promote(now)

local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
if #next == 0 then return -1 end
return math.max(0, next[2] - now)
