-- Goes before the scripts that move entries. Owners share the slots of all nodes: the stream holds no more entries than
-- there are slots, and of one owner no more than its share; the rest waits beside it, and owners take turns. See
-- docs/adr/0010-shares-of-owners.md. An owner is 16 hexadecimal digits, or '' when it is not known.
--
-- KEYS: stream, known (run -> entry), delayed (runs by time), waiting (<owner>/<number>/<run>, in the order of its
-- bytes), owners (run -> owner of a delayed run, or the member of a waiting one), shares (slots: of all nodes; at: whose
-- turn it was last; last: who enqueued last; several: until when more than one owner is known; number: the newest one
-- in waiting; recounted: when running was), running (owner -> its entries in the stream), nodes (<consumer>/<slots> by
-- the time of their end).
local stream, known, delayed, waiting, owners, shares, running, nodes = unpack(KEYS)

local kSeveralFor = 3600000
local kRecountEvery = 30000

-- The time as a number; given '', the engine's.
local function time_of(given)
  local now = tonumber(given)
  if now then return now end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function owner_of(fields)
  return fields[3] == 'owner' and fields[4] or ''
end

local function count(owner, by)
  if owner == '' then return end
  local entries = (tonumber(redis.call('HGET', running, owner)) or 0) + by
  if entries > 0 then
    redis.call('HSET', running, owner, entries)
  else
    redis.call('HDEL', running, owner)
  end
end

-- First what needs memory: behind another write the server no longer minds that it has none.
local function add(run, owner)
  local id
  if owner == '' then
    id = redis.call('XADD', stream, '*', 'run', run)
  else
    id = redis.call('XADD', stream, '*', 'run', run, 'owner', owner)
  end
  redis.call('HSET', known, run, id)
  count(owner, 1)
end

-- Answers the owner of the entry; nil when it was gone.
local function remove(group, id)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  redis.call('XACK', stream, group, id)
  if not entry then return nil end
  redis.call('XDEL', stream, id)
  local owner = owner_of(entry[2])
  count(owner, -1)
  return owner
end

-- How many entries of one owner the stream may hold; nil: as many as there are.
local function share(now)
  local slots = tonumber(redis.call('HGET', shares, 'slots'))
  if not slots then return nil end
  local several = tonumber(redis.call('HGET', shares, 'several'))
  if not several or several < now then return slots, slots end
  return math.max(1, slots - math.max(1, math.floor(slots / 4))), slots
end

local function place(run, owner, now)
  local most, slots = share(now)
  if owner ~= '' and most and (redis.call('XLEN', stream) >= slots or
      (tonumber(redis.call('HGET', running, owner)) or 0) >= most) then
    local number = (tonumber(redis.call('HGET', shares, 'number')) or 0) + 1
    local member = string.format('%s/%016d/%s', owner, number, run)
    redis.call('ZADD', waiting, 0, member)
    redis.call('HSET', owners, run, member)
    redis.call('HSET', shares, 'number', number)
  else
    add(run, owner)
  end
end

-- The first waiting run of the next owner behind this one.
local function next_behind(owner)
  local from = owner == '' and '-' or '(' .. owner .. '0'  -- '0' is the character behind '/'
  return redis.call('ZRANGE', waiting, from, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
end

-- Runs that wait get the places that are free, one of each owner in turn.
local function promote(now)
  if redis.call('EXISTS', waiting) == 0 then return end
  local most, slots = share(now)
  local at = redis.call('HGET', shares, 'at') or ''
  local passed = nil  -- the first of the owners that have their share, since one had not
  for _ = 1, 256 do
    if slots and redis.call('XLEN', stream) >= slots then break end
    local member = next_behind(at) or next_behind('')
    if not member then break end
    at = string.sub(member, 1, 16)
    if most and (tonumber(redis.call('HGET', running, at)) or 0) >= most then
      if passed == at then break end
      passed = passed or at
    else
      passed = nil
      local run = string.sub(member, 35)
      redis.call('ZREM', waiting, member)
      redis.call('HDEL', owners, run)
      add(run, at)
    end
  end
  redis.call('HSET', shares, 'at', at)
end

local function is_waiting(run)
  local member = redis.call('HGET', owners, run)
  return member and #member > 16 and redis.call('ZSCORE', waiting, member)
end

-- Sums up the slots of the nodes that live.
local function sum_up_slots(now)
  local slots = 0
  local all = redis.call('ZRANGE', nodes, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    if tonumber(all[i + 1]) <= now then
      redis.call('ZREM', nodes, all[i])
    else
      slots = slots + tonumber(string.match(all[i], '/(%d+)$'))
    end
  end
  if slots > 0 then
    redis.call('HSET', shares, 'slots', slots)
  else
    redis.call('HDEL', shares, 'slots')
  end
end
