-- One turn of one process on one account. Everything is decided here, at once, by
-- Redis's own clock; the files of this folder are one script, in the order of their
-- names, after the table `rules` that Go writes before them.
--
-- KEYS  1 state: hash of what is known of the account
--       2 processes: hash from a process's name to what it last said, as JSON
--       3 spendings: hash of what was spent lately, in parts
--       4 turns: hash of virtual times, for fairness
--       5, 6 who spent what in this window, of core and of graphql
-- ARGV  1 the call  2 the process  3 the call's number  4 the epoch that it knows
--       5 an epoch to begin  6 the account's name for messages
--
-- All times are in milliseconds.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 100) / 10
local call = cjson.decode(ARGV[1])
local me = ARGV[2]

local state, unsaved = {}, {}
do
  local flat = redis.call('HGETALL', KEYS[1])
  for i = 1, #flat, 2 do
    state[flat[i]] = tonumber(flat[i + 1]) or flat[i + 1]
  end
end

local function set(field, value)
  state[field] = value
  unsaved[field] = true
end

local function save_state()
  local fields, gone = {}, {}
  for field in pairs(unsaved) do
    if state[field] == nil then
      gone[#gone + 1] = field
    else
      fields[#fields + 1] = field
      fields[#fields + 1] = state[field]
    end
  end
  if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
  if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
end

-- Who must be told that there is something for it.
local told = {}

local function tell(process)
  if process ~= me then told[process] = true end
end
