-- What a call tells: what became of requests, and what answers said.

-- account for who spent what in this window; the list of operations is bounded.
local function attribute(s, r, n)
  local key = KEYS[4 + rules.number[r]]
  redis.call('HINCRBY', key, 'lane:' .. s.l, n)
  local field = 'operation:' .. s.w .. '\n' .. s.o
  if redis.call('HINCRBY', key, field, n) == n and redis.call('HLEN', key) > rules.most_operations then
    redis.call('HDEL', key, field)
    redis.call('HINCRBY', key, 'operation:\n', n)
  end
end

local function settle()
  for _, s in ipairs(call.settled or {}) do
    local k = s.k + 1
    local r = rules.kinds[k]
    if not call.know then -- which tells it as well
      for _, a in ipairs(rules.allowed) do spend(a, a.cost[k] * s.n, 0) end
    end
    unsee(r, cost(r) * s.u)
    attribute(s, r, cost(r) * s.n)
  end
end

-- refuse holds the account after refusals, and returns what holds then.
local function refuse()
  local limit
  for _, r in ipairs(call.refused or {}) do
    limit = r.limit
    local wait = r.wait
    if wait <= 0 then
      if held(rules.secondary) <= 0 then set('strikes', (state.strikes or 0) + 1) end
      wait = math.min(rules.least_secondary * 2 ^ (math.max(state.strikes or 1, 1) - 1), rules.longest_secondary)
    end
    hold(limit, wait)
  end
  if not limit then return nil end
  if held(rules.secondary) > held(limit) then limit = rules.secondary end
  -- What was given and not fetched is taken back; who waits is told.
  for _, p in ipairs(processes) do
    if #p.given > 0 or #p.wants > 0 then
      p.given, p.dirty = {}, true
      tell(p.name)
    end
  end
  return { limit = limit, wait = held(limit) }
end

local function settled_of(r)
  local n = 0
  for _, s in ipairs(call.settled or {}) do
    if rules.kinds[s.k + 1] == r then n = n + s.n - s.u end
  end
  return n
end

-- come_to_know ends the time when nobody knows what is left. Of what is still not known
-- the first request tells, unless GitHub has said that there is no limit.
local function come_to_know(unlimited)
  if state.known == 1 then return end
  set('known', 1)
  for _, r in ipairs(rules.resources) do
    if not known(r) and not unlimited then scout(r) end
  end
  for _, p in ipairs(processes) do
    if #p.wants > 0 then tell(p.name) end
  end
end

-- learn takes in what answers said, and what came of a probe.
local function learn()
  for r, rate in pairs(call.rates or {}) do
    local before = known(r) and state[r .. ':open'] ~= 1 and told_left(r)
    local reset = state[r .. ':reset']
    see(r, rate)
    if before and r == 'graphql' and state[r .. ':reset'] <= reset then
      learn_price(before - told_left(r), settled_of(r))
    end
  end
  for r in pairs(call.ok or {}) do
    if held(rules.secondary) <= 0 then
      come_to_know()
      set('strikes', nil)
      set(r .. ':scout', nil)
    end
  end
  if call.probe then
    come_to_know(call.probe == 'done')
    set('probing', nil)
  end
end

-- recall takes in what a process knows that Redis may not.
local function recall(know)
  for r, rate in pairs(know.rates or {}) do see(r, rate) end
  for limit, ms in pairs(know.holds or {}) do hold(limit, ms) end
  if (know.strikes or 0) > (state.strikes or 0) then set('strikes', know.strikes) end
  for _, spent in ipairs(know.spent or {}) do
    for _, a in ipairs(rules.allowed) do
      if a.name == spent.name then spend(a, spent.n, spent.age) end
    end
  end
  if next(know.fresh or {}) then come_to_know() end
end
