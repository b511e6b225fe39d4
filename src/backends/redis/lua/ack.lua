-- An entry is done with. ARGV: group, entry, run, now ('' for the engine's).
local group, entry, run = ARGV[1], ARGV[2], ARGV[3]
remove(group, entry)
if redis.call('HGET', known, run) == entry then redis.call('HDEL', known, run) end
promote(time_of(ARGV[4]))
return 1
