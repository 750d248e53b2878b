//! Of services that are asked: whose a resource is, who somebody is.

use url::Url;

use super::{Broken, when};
use crate::load::Config;
use crate::sections::context;
use crate::sections::entities::{self, EntitySource, is_private};

pub(super) fn plain_entities(c: &Config) -> Broken {
    let entities = &c.policy.entities;
    let asked = entities.source == EntitySource::Http;
    let open = entities.service().as_ref().is_some_and(is_open);
    when(asked && open, &entities::URL.about, open_network)
}

pub(super) fn plain_context(c: &Config) -> Broken {
    let open = c.context.url.as_ref().is_some_and(is_open);
    when(open, &context::URL.about, open_network)
}

fn is_open(url: &Url) -> bool {
    url.scheme() != "https" && !is_private(url)
}

fn open_network() -> String {
    "must use https in production, unless its host is this machine or of a private network"
        .to_owned()
}
