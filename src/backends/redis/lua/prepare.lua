-- The group is made where there is none, at the beginning of the stream: what stands in it is not done with.
-- ARGV: group.
if redis.call('EXISTS', stream) == 0 then redis.call('DEL', known, running) end
local made = redis.pcall('XGROUP', 'CREATE', stream, ARGV[1], '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
return 1
