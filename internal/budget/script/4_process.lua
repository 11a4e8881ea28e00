-- Processes: each says in each call all that there is to say of it (how many requests of
-- each kind are out, who waits), so that a call or a reply that was lost is made good by
-- the next. What was given to a process that did not call stays with it for a moment.
local processes, mine = {}, nil

local function total(busy)
  local n = 0
  for _, count in ipairs(busy) do n = n + count end
  return n
end

-- vanish takes back what a process had: it may have sent what was out.
local function vanish(p)
  for k, n in ipairs(p.busy) do
    local r = rules.kinds[k]
    for _, a in ipairs(rules.allowed) do spend(a, a.cost[k] * n, 0) end
    unsee(r, cost(r) * n)
  end
  p.busy, p.urgent, p.wants, p.given = { 0, 0, 0, 0, 0, 0 }, 0, {}, {}
  p.dirty = true
end

local function load_processes()
  local flat = redis.call('HGETALL', KEYS[2])
  for i = 1, #flat, 2 do
    local p = cjson.decode(flat[i + 1])
    p.name = flat[i]
    if p.name == me then
      mine = p
    else
      processes[#processes + 1] = p
    end
  end
  mine = mine or { name = me, busy = {}, urgent = 0, wants = {}, given = {}, seq = '0' }
  processes[#processes + 1] = mine
end

-- bury takes back what processes had that are gone, and what others did not fetch.
local function bury()
  local kept = {}
  for _, p in ipairs(processes) do
    local silent = p == mine and 0 or now - p.at
    if silent > rules.beat and (total(p.busy) > 0 or #p.wants > 0 or #p.given > 0) then vanish(p) end
    if #p.given > 0 and now - p.given_at > rules.collect then
      p.given, p.wants, p.dirty = {}, {}, true
    end
    if silent > rules.seen then
      redis.call('HDEL', KEYS[2], p.name)
    else
      kept[#kept + 1] = p
    end
  end
  processes = kept
end

-- policy is the strictest of all processes': requests at once, and the reserve.
local function policy()
  local all = { in_flight = rules.most_in_flight, percent = 0, requests = 0 }
  for _, p in ipairs(processes) do
    if now - p.at <= rules.beat then
      all.in_flight = math.min(all.in_flight, p.policy.in_flight)
      all.percent = math.max(all.percent, p.policy.percent)
      all.requests = math.max(all.requests, p.policy.requests)
    end
  end
  return all
end

local function save_processes()
  for _, p in ipairs(processes) do
    if p.dirty or p == mine then
      redis.call('HSET', KEYS[2], p.name, cjson.encode({
        at = p.at, seq = p.seq, busy = p.busy, urgent = p.urgent, wants = p.wants, given = p.given, given_at = p.given_at, policy = p.policy,
      }))
    end
  end
end
