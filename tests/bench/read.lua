-- One read of a random person per request. Environment: BENCH_KEY, BENCH_PEOPLE, BENCH_LUA.
dofile(os.getenv("BENCH_LUA") .. "/done.lua")

local people = tonumber(os.getenv("BENCH_PEOPLE"))
local headers = {
  ["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY"),
  ["Content-Type"] = "application/json",
}
local body = '{"identifier":{"type":"email","value":"reader.%07d@example.org"},'
  .. '"purpose":"personalisation","fields":'
  .. '["first_name","last_name","city","country","loyalty_tier","favourite_genres"]}'
local made = {}

function init(args)
  math.randomseed(os.time() + tonumber(tostring(made):match("0x(%x+)"), 16) % 65536)
  -- Formatted beforehand, so that the load costs as little as it can; the rest on demand.
  for i = 1, math.min(people, 20000) do
    made[i] = wrk.format("POST", "/v1/profiles/read", headers, string.format(body, i))
  end
end

function request()
  local i = math.random(people)
  return made[i] or wrk.format("POST", "/v1/profiles/read", headers, string.format(body, i))
end
