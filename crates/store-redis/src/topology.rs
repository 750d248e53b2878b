use redis::Value;

use crate::endpoint::Address;
use crate::keys::SLOTS;

/// Which master of a Cluster holds which slots, as one server sees it; in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topology(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u16,
    pub(crate) last: u16,
    pub(crate) master: Address,
}

impl Topology {
    /// One server that holds all.
    pub(crate) fn of_one(master: Address) -> Self {
        Self(vec![Range {
            first: 0,
            last: SLOTS - 1,
            master,
        }])
    }

    /// From the answer to `CLUSTER SLOTS` of a server; `None` when it is no such answer. A
    /// server that does not know its own address leaves it out.
    pub(crate) fn parse(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else {
            return None;
        };
        let ranges = ranges.iter().map(|range| parse_range(range, asked));
        let mut ranges = ranges.collect::<Option<Vec<_>>>()?;
        ranges.sort_by_key(|range| range.first);
        Some(Self(ranges))
    }

    pub(crate) fn ranges(&self) -> &[Range] {
        &self.0
    }

    /// Which range has this slot.
    pub(crate) fn holder(&self, slot: u16) -> Option<usize> {
        let at = self.0.partition_point(|range| range.last < slot);
        self.0
            .get(at)
            .filter(|range| range.first <= slot)
            .map(|_| at)
    }

    /// What most servers say; the first of it when they are even.
    pub(crate) fn of_most(votes: &[Self]) -> Option<&Self> {
        let count = |vote: &Self| votes.iter().filter(|other| *other == vote).count();
        votes.iter().rev().max_by_key(|vote| count(vote))
    }
}

fn parse_range(range: &Value, asked: &Address) -> Option<Range> {
    let Value::Array(parts) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else {
        return None;
    };
    let host = match host {
        Value::Nil => None,
        Value::BulkString(host) => Some(std::str::from_utf8(host).ok()?),
        _ => return None,
    };
    let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
    (first <= last && last < SLOTS).then_some(())?;
    Some(Range {
        first,
        last,
        master: Address {
            host: match host.filter(|host| !host.is_empty() && *host != "?") {
                Some(host) => host.into(),
                None => asked.host.clone(),
            },
            port: u16::try_from(*port).ok()?,
        },
    })
}
