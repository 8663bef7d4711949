-- Counts limits of one domain over all nodes, inside the store: one call of one function is one decision, all or nothing.
-- Instants are the store's own, in microseconds since 1970 UTC: nodes' clocks need not agree. Loaded as a function library.
--
-- The state of a domain is a hash:  e  epoch, "<run id>:<instant>"   s  instant at which the epoch began
--                                   v  instant since which every node's memory was replayed; absent until all have replayed
--                                   n:<node>  until, gap, longGap, memory, sequence, list (see `record_of`)
-- A key's log is a list of instants, oldest first. Its name holds the epoch, so that a log of another epoch is never read.
-- Where events are too many to remember each, and for bytes, it is a packed list of sums instead: the last instant and the sum of
-- each part of the window, oldest first. A part leaves the window with its last event, late and never early.

local run
-- One process has one run id, and a library is loaded anew in each process: this is asked once. A primary that restarted or
-- was replaced by its replica has another, and may have forgotten what was admitted.
local function run_id()
  if run == nil then run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
  return run
end

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function text(number) return string.format('%.0f', number) end

local function begin(state, now)
  local epoch = run_id() .. ':' .. text(now)
  redis.call('DEL', state)
  redis.call('HSET', state, 'e', epoch, 's', text(now))
  return epoch
end

-- The named fields, behind the epoch and its beginning; begins an epoch where there is none of this process.
local function read(state, fields, now)
  local values = redis.call('HMGET', state, 'e', 's', unpack(fields))
  if values[1] and string.sub(values[1], 1, 40) == run_id() then return values end
  begin(state, now)
  return redis.call('HMGET', state, 'e', 's', unpack(fields))
end

-- until: end of the lease, within which the node admits nothing on its own. gap: instant of the latest admission of its own that
-- may have been. longGap: the same for long windows, whose admissions are replayed. memory: instant since which it remembers all
-- that it admitted, -1 before it has replayed in this epoch. sequence: of its latest replay. boot: its process. list: the nodes it knows.
local function record_of(written)
  if not written then return nil end
  local lease, gap, long_gap, memory, sequence, boot, list =
    string.match(written, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  return {
    lease = tonumber(lease), gap = tonumber(gap), long_gap = tonumber(long_gap),
    memory = tonumber(memory), sequence = tonumber(sequence), boot = boot, list = list,
  }
end

local function write_record(state, node, record)
  redis.call('HSET', state, 'n:' .. node, table.concat({
    text(record.lease), text(record.gap), text(record.long_gap), text(record.memory), text(record.sequence),
    record.boot, record.list,
  }, ' '))
end

local SHADOW, ATTEMPTS, DIVIDE, SUMS = 1, 2, 4, 8
local function has(kind, flag) return math.floor(kind / flag) % 2 == 1 end

-- Parts of a window, and most sums that are kept: more only where a rule's window was made longer.
local PARTS, SUMS_MAX = 126, 512
-- Room that never comes: more is asked for than the quota.
local NEVER = 9007199254740991
-- Most instants that are remembered one by one; and where the sums of a key lie while it is a log of instants.
local INSTANTS_MAX, BESIDE = 4096, ':sums'

local function part_of(instant, window)
  return math.floor(instant / (math.ceil(window / 1000 / PARTS) * 1000))
end

local function expiry(instant, window) return text(math.ceil((instant + window) / 1000) + 1000) end

-- Adds to the newest sum, or begins another.
local function add_sum(sums, window, instant, amount)
  local newest = #sums - 1
  if newest > 0 and (part_of(sums[newest], window) == part_of(instant, window) or #sums >= 2 * SUMS_MAX) then
    sums[newest], sums[newest + 1] = instant, sums[newest + 1] + amount
  else
    sums[newest + 2], sums[newest + 3] = instant, amount
  end
end

local function write_sums(key, window, sums)
  redis.call('SET', key, cmsgpack.pack(sums), 'PXAT', expiry(sums[#sums - 1], window))
end

-- The sums within the window and their total. A log of instants, of when the quota was small, is read as sums; what it was made of
-- lies beside it.
local function sums_of(key, window, now)
  local packed = redis.pcall('GET', key)
  local instants
  if packed and packed.err then
    instants, packed = redis.call('LRANGE', key, 0, -1), redis.call('GET', key .. BESIDE)
    redis.call('DEL', key, key .. BESIDE)
  end
  local sums, total = {}, 0
  local all = packed and cmsgpack.unpack(packed) or {}
  for index = 1, #all, 2 do
    if all[index] + window > now then
      sums[#sums + 1] = all[index]
      sums[#sums + 1] = all[index + 1]
    end
  end
  local newest = all[#all - 1] or 0
  for _, instant in ipairs(instants or {}) do
    local at = tonumber(instant)
    if at > newest and at + window > now then add_sum(sums, window, at, 1) end
  end
  if instants and #sums > 0 then write_sums(key, window, sums) end
  for index = 2, #sums, 2 do total = total + sums[index] end
  return sums, total
end

-- When so much more fits (0: now).
local function room_in_sums(sums, total, quota, window, amount)
  if total + amount <= quota then return 0 end
  for index = 1, #sums, 2 do
    total = total - sums[index + 1]
    if total + amount <= quota then return sums[index] + window end
  end
  return NEVER
end

-- A log of sums, of when the quota was large, becomes one of instants: of the latest, as many as are ever asked for.
local function to_instants(key, window)
  local sums = cmsgpack.unpack(redis.call('GET', key))
  redis.call('RENAME', key, key .. BESIDE)
  local left, instants = INSTANTS_MAX, {}
  for index = #sums - 1, 1, -2 do
    for _ = 1, math.min(left, sums[index + 1]) do instants[#instants + 1] = text(sums[index]) end
    left = INSTANTS_MAX - #instants
  end
  for first = 1, #instants, 1000 do
    redis.call('LPUSH', key, unpack(instants, first, math.min(first + 999, #instants)))
  end
  redis.call('PEXPIREAT', key, expiry(sums[#sums - 1], window))
end

-- Forgets what has left the window: all before the first that has not, found by halving.
local function forget(key, window, now)
  local oldest = redis.pcall('LINDEX', key, 0)
  if oldest and oldest.err then
    to_instants(key, window)
    oldest = redis.call('LINDEX', key, 0)
  end
  if not oldest or oldest + window > now then return end
  local low, high = 1, redis.call('LLEN', key)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('LINDEX', key, middle) + window <= now then low = middle + 1 else high = middle end
  end
  redis.call('LPOP', key, low)
end

-- When one more fits (0: now), how many count, the newest and the oldest.
local function look(key, quota, window, now)
  local count = redis.call('LLEN', key)
  local room = 0
  if count >= quota then
    local freed = redis.call('LINDEX', key, -quota) + window
    if freed > now then room = freed end
  end
  if count == 0 then return room, 0, 0, 0 end
  return room, count, tonumber(redis.call('LINDEX', key, -1)), tonumber(redis.call('LINDEX', key, 0))
end

-- A clock that steps back is read as the newest instant of the key. Answers the instant.
local function remember(key, quota, window, newest, now)
  local at = math.max(now, newest)
  if redis.call('RPUSH', key, text(at)) > quota then redis.call('LTRIM', key, -quota, -1) end
  redis.call('PEXPIREAT', key, expiry(at, window))
  return at
end

-- Nodes that may be admitting their own part of a quota, or whose own admissions may still count in a window.
local function absent_count(records, window, is_long, now)
  local count = 0
  for index = 1, records.size do
    local record = records[index]
    if record == nil or record.lease < now or now < (is_long and record.long_gap or record.gap) + window then
      count = count + 1
    end
  end
  return count
end

-- What a log says of a rule: room, count, newest and oldest.
local function read_log(rule, now)
  local quota = math.max(1, rule.part)
  if not rule.sums then
    forget(rule.key, rule.window, now)
    rule.room, rule.count, rule.newest, rule.oldest = look(rule.key, quota, rule.window, now)
    return
  end
  rule.kept, rule.count = sums_of(rule.key, rule.window, now)
  rule.newest, rule.oldest = rule.kept[#rule.kept - 1] or 0, rule.kept[1] or 0
  rule.room = room_in_sums(rule.kept, rule.count, quota, rule.window, rule.amount)
end

local function charge(rule, now)
  if not rule.sums then
    rule.newest = remember(rule.key, rule.quota, rule.window, rule.newest, now)
    rule.count = math.min(rule.count + 1, rule.quota)
  elseif rule.amount > 0 then
    rule.newest = math.max(now, rule.newest)
    add_sum(rule.kept, rule.window, rule.newest, rule.amount)
    write_sums(rule.key, rule.window, rule.kept)
    rule.count = rule.count + rule.amount
    rule.oldest = rule.kept[1]
  end
  if rule.oldest == 0 then rule.oldest = rule.newest end
end

-- keys: state, then a log for each rule. args: epoch, deadline, shortest long window, longest hold-off, configured nodes, number of
-- names that follow (0 where no rule divides), names, then quota, window, kind and amount of each rule.
-- Answers {status, now, ...}: 0 admitted and 1 refused are followed by a text with a 1 for each refusing rule, and of each rule its room, how
-- many more would be admitted, and the oldest instant that counts (0: none). A room below 0 is held: nothing may be admitted before, whatever the log says. 2: {epoch}. 3: came too late.
local function ask(keys, args, now, charges)
  if now > tonumber(args[2]) then return { 3, now } end
  local long_from, hold_max = tonumber(args[3]), tonumber(args[4])
  local node_count, name_count = tonumber(args[5]), tonumber(args[6])
  local fields = { 'v' }
  for index = 1, name_count do fields[index + 1] = 'n:' .. args[6 + index] end
  local values = read(keys[1], fields, now)
  if values[1] ~= args[1] then return { 2, now, values[1] } end
  local started, vouched = tonumber(values[2]), tonumber(values[3] or nil)
  local records = { size = name_count }
  for index = 1, name_count do records[index] = record_of(values[3 + index]) end

  local rules, refusing, marks = {}, 0, {}
  for index = 1, #keys - 1 do
    local at = 6 + name_count + (index - 1) * 4
    local rule = { key = keys[index + 1], quota = tonumber(args[at + 1]), window = tonumber(args[at + 2]) }
    rule.kind, rule.amount = tonumber(args[at + 3]), tonumber(args[at + 4])
    rules[index] = rule
    rule.shadow, rule.attempts, rule.sums = has(rule.kind, SHADOW), has(rule.kind, ATTEMPTS), has(rule.kind, SUMS)
    rule.part = rule.quota
    local is_long = rule.window >= long_from
    if has(rule.kind, DIVIDE) and name_count > 0 then
      rule.part = rule.quota - math.floor(rule.quota / node_count) * absent_count(records, rule.window, is_long, now)
    end
    local ready = math.min(started + rule.window, started + hold_max)
    if vouched and is_long then ready = math.min(ready, vouched + rule.window) end
    read_log(rule, now)
    if rule.amount > rule.quota then
      rule.room = NEVER
    elseif not rule.shadow and now < ready then
      rule.room = -ready
    elseif rule.part < math.max(1, rule.amount) then
      rule.room = -(now + rule.window)
    end
    marks[index] = '0'
    if rule.room ~= 0 and not rule.shadow then
      refusing = refusing + 1
      marks[index] = '1'
    end
  end

  local answer = { refusing == 0 and 0 or 1, now, table.concat(marks) }
  for _, rule in ipairs(rules) do
    if charges and (rule.attempts or (refusing == 0 and rule.room == 0)) then
      charge(rule, now)
      -- A rule that let the call pass says so; any other, what the next call will find. An attempt may have taken the last room.
      if rule.room > 0 or (rule.room == 0 and refusing ~= 0 and not rule.shadow) then
        if rule.sums then
          rule.room = room_in_sums(rule.kept, rule.count, rule.part, rule.window, rule.amount)
        else
          rule.room = look(rule.key, rule.part, rule.window, now)
        end
      end
    end
    answer[#answer + 1] = rule.room
    answer[#answer + 1] = rule.part - rule.count
    answer[#answer + 1] = rule.oldest
  end
  return answer
end

local function decide(keys, args, now) return ask(keys, args, now, true) end

-- As decide, and charges nothing.
local function stand(keys, args, now) return ask(keys, args, now, false) end

-- keys: state, then logs of sums. args: epoch, instant of the charge, then for each log its window and what was charged too much.
-- Taken back from the part that was charged, never from a later one: that would leave its window with less than was charged in it.
local function settle(keys, args, now)
  local epoch = read(keys[1], { 'v' }, now)[1]
  if epoch ~= args[1] then return { 2, now, epoch } end
  for index = 2, #keys do
    local window, amount = tonumber(args[index * 2 - 1]), tonumber(args[index * 2])
    local charged = part_of(tonumber(args[2]), window)
    local sums = sums_of(keys[index], window, now)
    for place = 1, #sums, 2 do
      if part_of(sums[place], window) == charged then
        sums[place + 1] = sums[place + 1] - math.min(amount, sums[place + 1])
        write_sums(keys[index], window, sums)
      end
    end
  end
  return { 0, now }
end

-- keys: state. args: epoch. Answers {0, now, epoch} or {2, now, epoch}; changes nothing but begins an epoch where there is none.
local function probe(keys, args, now)
  local epoch = read(keys[1], { 'v' }, now)[1]
  return { epoch == args[1] and 0 or 2, now, epoch }
end

-- keys: state. args: epoch. Begins another epoch where this one is in force: whoever saw the store's clock step says so.
local function renew(keys, args, now)
  local epoch = read(keys[1], { 'v' }, now)[1]
  if epoch == args[1] then epoch = begin(keys[1], now) end
  return { epoch == args[1] and 0 or 2, now, epoch }
end

-- keys: state. args: epoch, deadline, node, boot, lease, quiet, memory, list, then every configured node.
-- The node admits nothing on its own before the lease has ended, and has admitted nothing so for `quiet`. With memory of 0 or more
-- it has replayed what it admitted, and remembers all for that long. Answers {0, now, 1 where all nodes know the same list, 1 where
-- another process held the lease of this name}.
local function present(keys, args, now)
  if now > tonumber(args[2]) then return { 3, now } end
  local state, node, boot, list = keys[1], args[3], args[4], args[8]
  local first = 9
  local fields = { 'n:' .. node }
  for index = first, #args do fields[#fields + 1] = 'n:' .. args[index] end
  local values = read(state, fields, now)
  if values[1] ~= args[1] then return { 2, now, values[1] } end
  local before = record_of(values[3])
  local quiet_since, memory = now - tonumber(args[6]), tonumber(args[7])
  local record = { lease = now + tonumber(args[5]), boot = boot, list = list, gap = quiet_since, memory = -1, sequence = 0 }
  record.long_gap = quiet_since
  local taken = 0
  if before then
    record.memory = before.memory
    if before.boot == boot then record.sequence = before.sequence elseif before.lease >= now then taken = 1 end
    -- Its lease had not ended when it fell quiet: it has admitted nothing on its own since.
    if before.lease >= quiet_since then record.gap, record.long_gap = before.gap, before.long_gap end
  end
  if memory >= 0 then
    local since = now - memory
    -- What it admitted on its own is in the logs, but for what a process of its name did before its memory began.
    record.long_gap = since
    if before and before.lease >= since then record.long_gap = math.min(before.long_gap, since) end
    if record.memory < 0 then record.memory = since end
  end
  write_record(state, node, record)
  local agreed, vouched = 1, 0
  for index = first, #args do
    local other = record_of(values[index - first + 4])
    if args[index] == node then other = record end
    if other and other.lease >= now and other.list ~= list then agreed = 0 end
    if other and other.memory >= 0 and vouched then vouched = math.max(vouched, other.memory) else vouched = nil end
  end
  if vouched then redis.call('HSETNX', state, 'v', text(vouched)) end
  return { 0, now, agreed, taken }
end

local function replay_instants(key, quota, window, told, now)
  forget(key, window, now)
  local instants = redis.call('LRANGE', key, 0, -1)
  for place = 1, #instants do instants[place] = tonumber(instants[place]) end
  for place = 1, #told, 2 do instants[#instants + 1] = told[place] end
  table.sort(instants)
  local written = {}
  for place = math.max(1, #instants - quota + 1), #instants do written[#written + 1] = text(instants[place]) end
  redis.call('DEL', key)
  for first = 1, #written, 1000 do
    redis.call('RPUSH', key, unpack(written, first, math.min(first + 999, #written)))
  end
  if #instants > 0 then redis.call('PEXPIREAT', key, expiry(instants[#instants], window)) end
end

local function replay_sums(key, window, told, now)
  local known = sums_of(key, window, now)
  for place = 1, #told do known[#known + 1] = told[place] end
  local events = {}
  for place = 1, #known, 2 do events[#events + 1] = { known[place], known[place + 1] } end
  table.sort(events, function(one, other) return one[1] < other[1] end)
  local sums = {}
  for _, event in ipairs(events) do add_sum(sums, window, event[1], event[2]) end
  if #sums > 0 then write_sums(key, window, sums) end
end

-- keys: state, then logs. args: epoch, deadline, node, boot, sequence, then for each log quota, window, kind, count and so many times
-- age and amount.
-- Puts admissions into logs that the store forgot or never saw. One sequence number counts once, however often it is sent.
local function replay(keys, args, now)
  if now > tonumber(args[2]) then return { 3, now } end
  local state, node, boot, sequence = keys[1], args[3], args[4], tonumber(args[5])
  local values = read(state, { 'n:' .. node }, now)
  if values[1] ~= args[1] then return { 2, now, values[1] } end
  local record = record_of(values[3])
    or { lease = 0, gap = now, long_gap = now, memory = -1, sequence = 0, boot = boot, list = '-' }
  if record.boot == boot and record.sequence >= sequence then return { 0, now } end
  local at = 6
  for index = 2, #keys do
    local quota, window, kind, count = unpack(args, at, at + 3)
    quota, window, count = tonumber(quota), tonumber(window), tonumber(count)
    local told = {}
    for place = at + 4, at + 3 + count * 2, 2 do
      told[#told + 1] = now - tonumber(args[place])
      told[#told + 1] = tonumber(args[place + 1])
    end
    at = at + 4 + count * 2
    if has(tonumber(kind), SUMS) then
      replay_sums(keys[index], window, told, now)
    else
      replay_instants(keys[index], quota, window, told, now)
    end
  end
  record.boot, record.sequence = boot, sequence
  write_record(state, node, record)
  return { 0, now }
end

local function offer(name, body)
  redis.register_function(PREFIX .. name, function(keys, args) return body(keys, args, now_us()) end)
end
offer('decide', decide)
offer('stand', stand)
offer('settle', settle)
offer('probe', probe)
offer('renew', renew)
offer('present', present)
offer('replay', replay)
