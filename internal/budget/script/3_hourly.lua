-- The hourly budget of a resource, as answers report it: limit, left, reset; open once
-- the window has ended and no answer has come since. While scouting, one request at a
-- time finds out how GitHub answers.
local function known(r) return state[r .. ':limit'] ~= nil end

local function scout(r)
  set(r .. ':scout', 0) -- when the first went; 0: none has yet
end

-- forget_spent begins the account of who spent what anew.
local function forget_spent(r) redis.call('DEL', KEYS[4 + rules.number[r]]) end

-- told is what reports say is left. Off it went what is unseen: requests of which none
-- has told. A report on a request that was sent after the last of them has.
local function told_left(r) return state[r .. ':left'] + (state[r .. ':unseen'] or 0) end

local function restart(r, rate)
  set(r .. ':limit', rate.limit)
  set(r .. ':left', rate.left)
  set(r .. ':unseen', nil)
end

-- unsee counts requests of which no report says anything.
local function unsee(r, n)
  if not known(r) then return end
  n = math.min(n, state[r .. ':left'])
  if n <= 0 then return end
  set(r .. ':left', state[r .. ':left'] - n)
  set(r .. ':unseen', (state[r .. ':unseen'] or 0) + n)
  set(r .. ':unseen_at', now)
end

-- see notes a report. Answers overtake each other: within one window the least that is
-- left is true, and so is the earliest end, since each is late by what GitHub rounds.
local function see(r, rate)
  local reset = now + rate.reset
  if known(r) then
    local later, open = reset - state[r .. ':reset'], state[r .. ':open'] == 1
    if later < -rules.another or open and later <= rules.another then return end
    if later <= rules.another then
      if later < 0 then set(r .. ':reset', reset) end
      if rate.limit ~= state[r .. ':limit'] then
        restart(r, rate)
        return
      end
      local told = math.min(rate.left, told_left(r))
      if rate.age and now - rate.age > (state[r .. ':unseen_at'] or 0) then set(r .. ':unseen', nil) end
      set(r .. ':left', math.max(0, told - (state[r .. ':unseen'] or 0)))
      return
    end
    if not open then forget_spent(r) end
  end
  restart(r, rate)
  set(r .. ':reset', reset)
  set(r .. ':open', 0)
end

-- pass notices the window's end: all of the limit is there again.
local function pass(r)
  if not known(r) or state[r .. ':open'] == 1 or now < state[r .. ':reset'] then return end
  set(r .. ':left', state[r .. ':limit'])
  set(r .. ':unseen', nil)
  set(r .. ':open', 1)
  scout(r)
  forget_spent(r)
end

-- cost is about what one request costs. That of a query is known only afterwards.
local function cost(r) return math.max(1, math.ceil(state[r .. ':price'] or 1)) end

-- Of several that were out at once the first answer may show what all have cost.
local function learn_price(spent, requests)
  local answered = (state['graphql:answered'] or 0) + requests
  if spent <= 0 or answered <= 0 then
    set('graphql:answered', answered)
    return
  end
  local price = math.max(1, state['graphql:price'] or 1)
  set('graphql:price', price + rules.price_weight * (math.min(spent / answered, rules.highest_price) - price))
  set('graphql:answered', nil)
end

-- remaining is the part of the window that is still to come.
local function remaining(r)
  if state[r .. ':open'] == 1 then return 1 end
  return math.max(0, math.min(1, (state[r .. ':reset'] - now) / rules.hour))
end

-- Holds: until when nothing goes.
local function hold(limit, ms)
  set('hold:' .. limit, math.max(state['hold:' .. limit] or 0, now + ms))
  for _, r in ipairs(rules.resources) do
    if limit == rules.secondary or limit == rules.hourly[r] then scout(r) end
  end
end

local function held(limit) return (state['hold:' .. limit] or 0) - now end
