//! Of who tells whose a resource is.

use super::{Broken, when};
use crate::load::Config;
use crate::sections::entities::{self, EntitySource, is_private};

pub(super) fn plain_entities(c: &Config) -> Broken {
    let entities = &c.policy.entities;
    let url = entities.service();
    let asked = entities.source == EntitySource::Http;
    let open = url.is_some_and(|url| url.scheme() != "https" && !is_private(&url));
    when(asked && open, &entities::URL.about, || {
        "must use https in production, unless its host is this machine or of a private network"
            .to_owned()
    })
}
