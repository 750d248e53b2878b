/// A script and the SHA-1 by which Redis knows it.
pub(crate) struct Script {
    pub(crate) code: &'static str,
    pub(crate) hash: String,
}

impl Script {
    fn new(code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Self { code, hash }
    }
}

/// What Redis runs in one go. Versions and times are compared and written as bytes: numbers of
/// Lua are not exact. Each touches the one key it is given.
pub(crate) struct Scripts {
    /// Version, times, end in milliseconds: moves the times of a record.
    pub(crate) touch: Script,
    /// Version, new row, end in milliseconds: puts it in place of that version.
    pub(crate) replace: Script,
    /// Member, score: adds a session to a user index.
    pub(crate) index: Script,
    /// Bytes expected, new bytes, end in milliseconds: compare and set.
    pub(crate) swap: Script,
    /// Holder, milliseconds, further milliseconds for which it is known as abandoned.
    pub(crate) lease: Script,
    /// Holder: deletes its lease.
    pub(crate) release: Script,
    /// Milliseconds an empty budget takes to be full, and those of the one that is taken (or
    /// below 0: given back).
    pub(crate) budget: Script,
}

/// What became of a write by [`Scripts::touch`] and [`Scripts::replace`].
pub(crate) const DONE: i64 = 1;
pub(crate) const CONFLICT: i64 = 0;
pub(crate) const MISSING: i64 = -1;

/// What [`Scripts::lease`] answers.
pub(crate) const GRANTED: i64 = 1;
pub(crate) const TAKEN_OVER: i64 = 2;
pub(crate) const HELD: i64 = 0;

/// Checks the format and the version before a write.
macro_rules! check_version {
    () => {
        "
local head = redis.call('GETRANGE', KEYS[1], 0, 8)
if #head == 0 and redis.call('EXISTS', KEYS[1]) == 0 then
    return -1
end
if #head ~= 9 or head:byte(1) ~= 1 then
    return redis.error_reply('ERR the record has an unknown format')
end
if head:sub(2) ~= ARGV[1] then
    return 0
end
"
    };
}

const TOUCH: &str = concat!(
    check_version!(),
    "
if redis.call('STRLEN', KEYS[1]) < 25 then
    return redis.error_reply('ERR the record has an unknown format')
end
redis.call('SETRANGE', KEYS[1], 9, ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return 1
"
);

const REPLACE: &str = concat!(
    check_version!(),
    "
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
"
);

/// The score is when the session is over for certain. Sessions that are over go, and the index
/// goes with the last of them.
const INDEX: &str = "
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then
    redis.call('EXPIREAT', KEYS[1], string.format('%.0f', math.min(last + 1, 9007199254740)))
end
return 1
";

/// Answers what is there instead, or 1.
const SWAP: &str = "
local found = redis.call('GET', KEYS[1])
if (found or '') ~= ARGV[1] then
    return found or ''
end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
";

/// A lease that ran out stays a while: its end is so much before that of its key.
const LEASE: &str = "
local answer = 1
local holder = redis.call('GET', KEYS[1])
if holder and #holder ~= 16 then
    return redis.error_reply('ERR the lease has an unknown format')
end
if holder and holder ~= ARGV[1] then
    if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then
        return 0
    end
    answer = 2
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', string.format('%.0f', ARGV[2] + ARGV[3]))
return answer
";

const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
return 1
";

/// Kept is when it is full, by the clock of Redis, and a full one not at all. Answers how many
/// milliseconds there is none, or 0. A refusal writes nothing, unless what is there is further
/// ahead than the quota can be.
const BUDGET: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = now + ARGV[1]
local found = redis.call('GET', KEYS[1]) or now
local full_at = tonumber(found)
if not full_at then
    return redis.error_reply('ERR the budget has an unknown format')
end
local held = math.min(math.max(full_at, now), latest)
local next = held + ARGV[2]
local wait = math.max(next - latest, 0)
if wait > 0 then
    if full_at <= latest then
        return wait
    end
    next = held
end
if next <= now then
    redis.call('DEL', KEYS[1])
else
    local length = string.format('%.0f', next - now)
    redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', length)
end
return wait
";

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            touch: Script::new(TOUCH),
            replace: Script::new(REPLACE),
            index: Script::new(INDEX),
            swap: Script::new(SWAP),
            lease: Script::new(LEASE),
            release: Script::new(RELEASE),
            budget: Script::new(BUDGET),
        }
    }
}
