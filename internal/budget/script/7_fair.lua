-- Whose turn it is: weighted fair queueing with start tags. Each lane, each workspace
-- within a lane and each operation within a workspace has a virtual time, which its
-- requests move on by what they cost over its weight; the earliest is next. Who was idle
-- begins at the time that the others have reached, without credit.
local entries, times, moved = {}, {}, {}

-- gather lists who waits in any process, and reads their virtual times at once.
local function gather()
  local fields, seen = {}, {}
  local function need(field)
    if not seen[field] then
      seen[field] = true
      fields[#fields + 1] = field
    end
  end
  for _, p in ipairs(processes) do
    for _, w in ipairs(p.wants) do
      local lane = tostring(w.l)
      local workspace = lane .. '|' .. w.w
      local operation = workspace .. '|' .. w.o
      entries[#entries + 1] = { process = p, want = w, path = { lane, workspace, operation } }
      need('reached:')
      for level, key in ipairs({ lane, workspace, operation }) do
        need(key)
        if level < 3 then need('reached:' .. key) end
      end
    end
  end
  if #fields == 0 then return end
  -- A few thousand arguments at once are too many for Lua.
  for from = 1, #fields, 1000 do
    local part = { unpack(fields, from, math.min(from + 999, #fields)) }
    for i, value in ipairs(redis.call('HMGET', KEYS[4], unpack(part))) do
      times[part[i]] = tonumber(value) or 0
    end
  end
end

local function move(field, at)
  times[field] = at
  moved[field] = true
end

-- narrow keeps the entries whose key of this level has the earliest virtual time. One of
-- the process that calls may go before its time, by a little: it needs not be woken.
local function narrow(able, level, parent)
  local reached = times['reached:' .. parent]
  local first, at, near, near_at
  for _, e in ipairs(able) do
    local key = e.path[level]
    local t = math.max(times[key], reached)
    if not at or t < at or t == at and key < first then first, at = key, t end
    if e.process == mine and (not near_at or t < near_at or t == near_at and key < near) then near, near_at = key, t end
  end
  move('reached:' .. parent, at)
  if level > 1 and near and near_at <= at + rules.quantum then first, at = near, near_at end
  local kept = {}
  for _, e in ipairs(able) do
    if e.path[level] == first then kept[#kept + 1] = e end
  end
  return kept, first, at
end

-- pick chooses whose turn it is and charges it; nil: nobody's.
local function pick()
  local able, verdicts = {}, {}
  for _, e in ipairs(entries) do
    if e.want.n > 0 then
      local key = e.want.l * 10 + e.want.k
      if verdicts[key] == nil then verdicts[key] = blocked(e.want.l, e.want.k + 1) == nil end
      if verdicts[key] then able[#able + 1] = e end
    end
  end
  if #able == 0 then return nil end
  local parent, charged = '', {}
  for level = 1, 3 do
    local key, at
    able, key, at = narrow(able, level, parent)
    charged[level] = { key = key, at = at }
    parent = key
  end
  local chosen = able[1]
  for _, e in ipairs(able) do
    if e.process == mine then
      chosen = e
      break
    end
  end
  local price = rules.points[chosen.want.k + 1]
  for level, c in ipairs(charged) do
    move(c.key, c.at + (level == 1 and price / rules.weights[chosen.want.l] or price))
  end
  return chosen
end

local function save_turns()
  local fields = {}
  for field in pairs(moved) do
    fields[#fields + 1] = field
    fields[#fields + 1] = times[field]
    if #fields >= 1000 then
      redis.call('HSET', KEYS[4], unpack(fields))
      fields = {}
    end
  end
  if #fields > 0 then redis.call('HSET', KEYS[4], unpack(fields)) end
  if redis.call('HLEN', KEYS[4]) > rules.most_turns then redis.call('DEL', KEYS[4]) end
end
