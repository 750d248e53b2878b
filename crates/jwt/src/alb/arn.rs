//! `arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID`

use super::error::AlbConfigError;

/// The region of an Application Load Balancer.
///
/// The ARN is read strictly: one that AWS does not give would never be equal to a token's
/// `signer`, and the region becomes part of a host name.
pub(super) fn region(arn: &str) -> Result<&str, AlbConfigError> {
    let refuse = |fault| Err(AlbConfigError::arn(arn, fault));
    let parts: Vec<_> = arn.split(':').collect();
    let &[
        "arn",
        partition,
        "elasticloadbalancing",
        region,
        account,
        resource,
    ] = parts.as_slice()
    else {
        return refuse("it must be `arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/…`");
    };
    if !matches!(partition, "aws" | "aws-us-gov") {
        return refuse(
            "its partition must be `aws` or `aws-us-gov`, AWS names no key server for others",
        );
    }
    if !is_region(partition, region) {
        return refuse("its region must be one of its partition, like `us-east-1`");
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse("its account must be 12 digits");
    }
    if !is_application_load_balancer(resource) {
        return refuse(
            "it must end `:loadbalancer/app/NAME/ID`, as an Application Load Balancer's",
        );
    }
    Ok(region)
}

fn is_region(partition: &str, region: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let number =
        |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = region.split('-').collect();
    match (partition, parts.as_slice()) {
        ("aws", [continent, area, n]) => {
            continent.len() == 2 && letters(continent) && letters(area) && number(n)
        }
        ("aws-us-gov", ["us", "gov", area, n]) => letters(area) && number(n),
        _ => false,
    }
}

fn is_application_load_balancer(resource: &str) -> bool {
    let parts: Vec<_> = resource.split('/').collect();
    let &["loadbalancer", "app", name, id] = parts.as_slice() else {
        return false;
    };
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=32).contains(&name.len())
        && name.bytes().all(in_name)
        && id.len() == 16
        && id.bytes().all(super::key::is_lower_hex)
}
