-- What is in the way of a request.
local busy = { 0, 0, 0, 0, 0, 0 } -- requests that are out, by kind, of all processes
local urgent = 0 -- of them the interactive lane's
local wish

local function count_busy()
  for _, p in ipairs(processes) do
    for k, n in ipairs(p.busy) do busy[k] = busy[k] + n end
    urgent = urgent + p.urgent
    for _, g in ipairs(p.given) do
      busy[g.k + 1] = busy[g.k + 1] + g.n
      if g.l == 1 then urgent = urgent + g.n end
    end
  end
end

local function out_of(r)
  local n = 0
  for k, count in ipairs(busy) do
    if rules.kinds[k] == r then n = n + count end
  end
  return n
end

local function reserve(r)
  local limit = state[r .. ':limit']
  return math.max(0, math.min(limit, math.max(math.ceil(limit * wish.percent / 100), wish.requests)))
end

-- A block: limit, wait (nil: until something happens), deny (not to be waited for here).
local function hour(lane, r)
  if not known(r) then return nil end
  local limit, left, kept, price = state[r .. ':limit'], state[r .. ':left'], reserve(r), cost(r)
  local usable, out = left - kept, out_of(r) * price
  local whole = rules.hour_aside[lane] * (limit - kept)
  local aside = math.floor(whole * remaining(r))
  if usable - out - aside >= price then return nil end
  -- What is out may come back cheaper.
  if usable - aside >= price and out > 0 then return { limit = rules.turn } end
  local wait = state[r .. ':reset'] - now
  if state[r .. ':open'] == 1 then wait = rules.minute end
  if usable < price then
    return { limit = left >= price and rules.reserved or rules.hourly[r], wait = wait, deny = true }
  end
  -- More urgent work may have the rest, and less and less of it.
  local shrunk = (usable - price) / whole * rules.hour
  return { limit = rules.turn, wait = math.max(wait - shrunk, rules.minute / 60), deny = true }
end

-- attended tells whether somebody who waits in person was served within the last minute.
local function attended() return state.attended and now - state.attended < rules.minute end

local function minute(lane, k)
  for _, a in ipairs(rules.allowed) do
    local price = a.cost[k]
    if price > 0 and (not a.paced or lane > 1 and attended()) then
      local most, out = a.most, 0
      if a.aside then most = most - math.floor(rules.minute_aside[lane] * most) end
      for other, n in ipairs(busy) do out = out + a.cost[other] * n end
      local room = most - out - price
      if spending(a).sum > room then
        local wait = relief(a, math.max(room, 0))
        return { limit = a.limit, wait = wait, deny = wait > rules.patience }
      end
    end
  end
  return nil
end

local function blocked(lane, k)
  local r = rules.kinds[k]
  local limit = rules.hourly[r]
  if held(rules.secondary) > held(limit) then limit = rules.secondary end
  if held(limit) > 0 then return { limit = limit, wait = held(limit), deny = true } end
  if now < state.born + rules.settle then return { limit = rules.turn, wait = state.born + rules.settle - now } end
  if state.known ~= 1 then return { limit = rules.turn } end
  local scouting = state[r .. ':scout']
  if scouting then
    local more = scouting > 0 and math.floor((now - scouting) / rules.scout) or 0
    if out_of(r) > more then return { limit = rules.turn, wait = rules.scout } end
  end
  if lane > 1 and urgent == 0 and attended() and wish.in_flight >= rules.slot_aside and total(busy) >= wish.in_flight - 1 then
    return { limit = rules.turn }
  end
  return hour(lane, r) or minute(lane, k)
end
