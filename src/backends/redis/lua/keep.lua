-- What a consumer still holds counts as delivered just now; not what another one was given meanwhile.
-- KEYS: stream. ARGV: group, consumer, the entries. Answers: how many it still holds.
local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local kept = 0
for i = 3, #ARGV do
  local id = ARGV[i]
  if #redis.call('XPENDING', stream, group, id, id, 1, consumer) == 1 then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'JUSTID')
    kept = kept + 1
  end
end
return kept
