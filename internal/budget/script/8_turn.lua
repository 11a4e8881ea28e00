-- The turn.
local reply = { epoch = state.epoch, retry = rules.beat / 3 }

-- fetch hands over what other processes' calls gave to this one; what it no longer waits
-- for falls back.
local function fetch(grants)
  for _, g in ipairs(mine.given) do
    for _, w in ipairs(mine.wants) do
      if w.l == g.l and w.k == g.k and w.w == g.w and w.o == g.o and w.n > 0 then
        local n = math.min(w.n, g.n)
        w.n = w.n - n
        mine.busy[g.k + 1] = mine.busy[g.k + 1] + n
        if g.l == 1 then mine.urgent = mine.urgent + n end
        grants[#grants + 1] = { l = g.l, w = g.w, o = g.o, k = g.k, n = n }
        break
      end
    end
  end
  mine.given = {}
end

-- give gives turns as long as there are any, to whichever process.
local function give(grants)
  gather()
  while total(busy) < wish.in_flight do
    local e = pick()
    if not e then return end
    local w, p = e.want, e.process
    local r = rules.kinds[w.k + 1]
    w.n = w.n - 1
    busy[w.k + 1] = busy[w.k + 1] + 1
    if state[r .. ':scout'] == 0 then set(r .. ':scout', now) end
    if w.l == 1 then
      set('attended', now)
      urgent = urgent + 1
    end
    local one = { l = w.l, w = w.w, o = w.o, k = w.k, n = 1 }
    if p == mine then
      mine.busy[w.k + 1] = mine.busy[w.k + 1] + 1
      if w.l == 1 then mine.urgent = mine.urgent + 1 end
      grants[#grants + 1] = one
    else
      p.given[#p.given + 1] = one
      p.given_at, p.dirty = now, true
      tell(p.name)
    end
  end
end

-- deny tells those of this process that do not go what is in their way.
local function deny(refused)
  local seen = {}
  for _, w in ipairs(mine.wants) do
    local key = w.l * 10 + w.k
    if w.n > 0 and not seen[key] then
      seen[key] = true
      local b = blocked(w.l, w.k + 1)
      if b and b.deny then
        refused[#refused + 1] = { l = w.l, k = w.k, limit = b.limit, wait = b.wait }
      elseif b and b.wait then
        reply.retry = math.min(reply.retry, b.wait)
      end
      reply.retry = math.min(reply.retry, rules.poll)
    end
  end
end

local function waits()
  for _, w in ipairs(mine.wants) do
    if w.n > 0 then return true end
  end
  return false
end

-- probe tells one process to ask GitHub what is left, if nobody knows.
local function probe()
  if state.known == 1 or not waits() or now < state.born + rules.settle or now < (state.probing or 0) then return end
  for _, limit in ipairs(rules.holds) do
    if held(limit) > 0 then return end
  end
  set('probing', now + rules.lease)
  reply.probe = true
end

local function view()
  local rates, holds = {}, {}
  local v = {
    strikes = state.strikes, busy = total(busy), in_flight = wish.in_flight, processes = #processes,
  }
  for _, r in ipairs(rules.resources) do
    if known(r) then
      rates[r] = {
        limit = state[r .. ':limit'], left = state[r .. ':left'], reset = state[r .. ':reset'] - now, reserve = reserve(r),
        open = state[r .. ':open'] == 1 or nil, price = state[r .. ':price'],
      }
    end
  end
  for _, limit in ipairs(rules.holds) do
    if held(limit) > 0 then holds[limit] = held(limit) end
  end
  -- An empty table is an object to some and a list to others.
  if next(rates) then v.rates = rates end
  if next(holds) then v.holds = holds end
  return v
end

local function save()
  save_state()
  save_spendings()
  save_processes()
  save_turns()
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, rules.expiry) end
  for process in pairs(told) do redis.call('PUBLISH', rules.channel .. ':' .. process, ARGV[6]) end
end

-- remember keeps what a report needs when no process is there any more.
local function remember()
  local now_kept = {
    minute = rules.minute, beat = rules.beat, in_flight = wish.in_flight, percent = wish.percent, requests = wish.requests,
  }
  for field, value in pairs(now_kept) do
    if state[field] ~= value then set(field, value) end
  end
end

local function turn()
  if not state.epoch then
    set('epoch', ARGV[5])
    set('born', now)
    redis.call('PUBLISH', rules.channel, ARGV[6])
  end
  reply.epoch = state.epoch
  if ARGV[4] ~= state.epoch and not call.know then
    save_state()
    redis.call('PEXPIRE', KEYS[1], rules.expiry)
    return { epoch = state.epoch, resync = true, retry = 0 }
  end
  load_processes()
  if tonumber(mine.seq) >= tonumber(ARGV[3]) then
    return { epoch = state.epoch, stale = true, retry = 0 }
  end
  for _, r in ipairs(rules.resources) do pass(r) end
  bury()
  mine.at, mine.seq, mine.busy, mine.urgent = now, ARGV[3], call.busy, call.urgent
  mine.wants, mine.policy = call.wants or {}, call.policy
  wish = policy()
  remember()
  if call.know then recall(call.know) end
  settle()
  local hold_now = refuse()
  learn()
  local grants, refused = {}, {}
  fetch(grants)
  count_busy()
  give(grants)
  probe()
  deny(refused)
  if #grants > 0 then reply.grants = grants end
  if #refused > 0 then reply.refused = refused end
  reply.hold = hold_now
  reply.view = view()
  save()
  return reply
end

return cjson.encode(turn())
