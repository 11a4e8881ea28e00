-- KEYS[1] whose requests; its value is the time, in milliseconds, when all of them are
--         allowed again
-- ARGV    how many are allowed, and in how many milliseconds
-- Yields whether this one is, how many are left, and in how many milliseconds the next
-- one is allowed, or, if it is, all of them.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + tonumber(clock[2]) / 1000
local most, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local step = period / most
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
if full - now > period then
  return { 0, 0, math.ceil(full - now - period) }
end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now) + 1000)
return { 1, math.floor((period - (full - now)) / step + 0.001), math.ceil(full - now) }
