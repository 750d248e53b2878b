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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masters_are_read_from_what_a_server_says() {
        let answer = Value::Array(vec![
            range(100, 16_383, Some("b"), 2),
            range(0, 99, Some("a"), 1),
        ]);
        let topology = Topology::parse(&answer, &address("me", 9)).unwrap();
        for (slot, at) in [(0, 0), (99, 0), (100, 1), (16_383, 1)] {
            assert_eq!(topology.holder(slot), Some(at), "{slot}");
        }
        let masters: Vec<_> = topology
            .ranges()
            .iter()
            .map(|range| &range.master)
            .collect();
        assert_eq!(masters, [&address("a", 1), &address("b", 2)]);
    }

    /// It does not know its own, as some are set up; it is the one that was asked.
    #[test]
    fn a_server_without_an_address_is_the_one_that_was_asked() {
        for host in [None, Some(""), Some("?")] {
            let answer = Value::Array(vec![range(0, 16_383, host, 7)]);
            let topology = Topology::parse(&answer, &address("me", 9)).unwrap();
            assert_eq!(topology.ranges()[0].master, address("me", 7));
        }
    }

    #[test]
    fn a_slot_that_nobody_holds_has_no_holder() {
        let answer = Value::Array(vec![
            range(10, 19, Some("a"), 1),
            range(30, 39, Some("a"), 1),
        ]);
        let topology = Topology::parse(&answer, &address("me", 9)).unwrap();
        for (slot, at) in [
            (9, None),
            (10, Some(0)),
            (20, None),
            (39, Some(1)),
            (40, None),
        ] {
            assert_eq!(topology.holder(slot), at, "{slot}");
        }
        assert_eq!(Topology::default().holder(0), None);
    }

    #[test]
    fn what_is_no_topology_is_none() {
        for answer in [
            Value::Nil,
            Value::Array(vec![Value::Nil]),
            Value::Array(vec![range(0, 16_384, Some("a"), 1)]),
            Value::Array(vec![range(5, 4, Some("a"), 1)]),
            Value::Array(vec![range(-1, 4, Some("a"), 1)]),
            Value::Array(vec![range(0, 4, Some("a"), 65_536)]),
        ] {
            assert_eq!(
                Topology::parse(&answer, &address("me", 9)),
                None,
                "{answer:?}"
            );
        }
    }

    #[test]
    fn most_decide() {
        let [one, two] = ["a", "b"].map(|host| Topology::of_one(address(host, 1)));
        let votes = |votes: &[&Topology]| -> Vec<_> { votes.iter().copied().cloned().collect() };
        assert_eq!(Topology::of_most(&votes(&[&one, &two, &two])), Some(&two));
        assert_eq!(Topology::of_most(&votes(&[&one, &two])), Some(&one));
        assert_eq!(Topology::of_most(&[]), None);
    }

    fn range(first: i64, last: i64, host: Option<&str>, port: i64) -> Value {
        let host = host.map_or(Value::Nil, |host| Value::BulkString(host.into()));
        let master = Value::Array(vec![host, Value::Int(port), Value::BulkString(vec![])]);
        Value::Array(vec![Value::Int(first), Value::Int(last), master])
    }

    fn address(host: &str, port: u16) -> Address {
        Address {
            host: host.into(),
            port,
        }
    }
}
