-- A spending is what was spent of one allowance within a span that ends now. It is kept
-- in 60 parts; a part counts until a whole span has passed since its end, so that no
-- stretch of that length has more than what is allowed.
local spendings = {}

local function slot(a, number) return a.name .. ':' .. number % 61 end

local function slots(a, from, to)
  local fields = {}
  for number = from, to do fields[#fields + 1] = slot(a, number) end
  return fields
end

-- spending reads one and moves it on to now.
local function spending(a)
  local s = spendings[a.name]
  if s then return s end
  local got = redis.call('HMGET', KEYS[3], a.name .. ':last', a.name .. ':sum')
  local number = math.floor(now / (a.span / 60))
  s = { last = tonumber(got[1]) or number, sum = tonumber(got[2]) or 0 }
  spendings[a.name] = s
  if number <= s.last then return s end
  if s.sum > 0 then
    local fields = slots(a, s.last - 60, math.min(number - 61, s.last))
    if #fields > 0 then
      for _, n in ipairs(redis.call('HMGET', KEYS[3], unpack(fields))) do
        s.sum = s.sum - (tonumber(n) or 0)
      end
      redis.call('HDEL', KEYS[3], unpack(fields))
    end
  end
  s.last, s.dirty = number, true
  return s
end

-- spend adds n that were spent age ago.
local function spend(a, n, age)
  if n <= 0 then return end
  local s = spending(a)
  local number = math.floor((now - age) / (a.span / 60))
  if number < s.last - 60 then return end
  redis.call('HINCRBY', KEYS[3], slot(a, math.min(number, s.last)), n)
  s.sum, s.dirty = s.sum + n, true
end

-- relief is how long it takes until at most room of what was spent counts.
local function relief(a, room)
  local s = spending(a)
  local left = s.sum
  for i, n in ipairs(redis.call('HMGET', KEYS[3], unpack(slots(a, s.last - 60, s.last)))) do
    left = left - (tonumber(n) or 0)
    if left <= room then
      return math.max(0.1, (s.last - 61 + i + 61) * (a.span / 60) - now)
    end
  end
  return a.span
end

local function save_spendings()
  for name, s in pairs(spendings) do
    if s.dirty then redis.call('HSET', KEYS[3], name .. ':last', s.last, name .. ':sum', s.sum) end
  end
end
