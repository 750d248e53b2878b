use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TableStatus, TimeToLiveDescription, TimeToLiveSpecification,
    TimeToLiveStatus,
};

use crate::calls::{CallError, Deadline};
use crate::client::{self, Clients};
use crate::items::KEY;
use crate::open::OpenError;
use crate::options::Options;

/// Longer than AWS takes to make a table, which is some seconds.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(500);

/// Makes the table, paid by request, and has DynamoDB remove what expired; waits until it can be
/// used, which takes some seconds. One that there is stays as it is, but for that removing.
///
/// # Errors
/// [`OpenError`] when the table cannot be made, is another kind of table, or DynamoDB cannot be
/// reached.
pub async fn create_table(options: &Options) -> Result<(), OpenError> {
    let maker = Maker {
        clients: client::connect(options).await?,
        table: &options.table,
        by: Deadline::after(PATIENCE),
    };
    if maker.describe().await?.is_none() {
        maker.create().await?;
    }
    maker.until_ready().await?;
    maker.have_removed().await
}

struct Maker<'a> {
    clients: Clients,
    table: &'a str,
    by: Deadline,
}

impl Maker<'_> {
    async fn describe(&self) -> Result<Option<TableDescription>, OpenError> {
        let request = self.clients.reads.describe_table().table_name(self.table);
        let answer = self.by.ask(request.send()).await;
        match answer.map_err(|error| self.failed(error))? {
            Ok(answer) => Ok(answer.table),
            Err(DescribeTableError::ResourceNotFoundException(_)) => Ok(None),
            Err(error) => Err(self.refused(&error)),
        }
    }

    async fn create(&self) -> Result<(), OpenError> {
        let key = KeySchemaElement::builder().attribute_name(KEY);
        let key = key.key_type(KeyType::Hash).build();
        let attribute = AttributeDefinition::builder().attribute_name(KEY);
        let attribute = attribute.attribute_type(ScalarAttributeType::S).build();
        let odd = |error| self.failed(CallError::Odd(Box::new(error)));
        let request = self.clients.writes.create_table().table_name(self.table);
        let request = request
            .key_schema(key.map_err(odd)?)
            .attribute_definitions(attribute.map_err(odd)?)
            .billing_mode(BillingMode::PayPerRequest);
        let answer = self.by.ask(request.send()).await;
        match answer.map_err(|error| self.failed(error))? {
            // Or another is making it.
            Ok(_) | Err(CreateTableError::ResourceInUseException(_)) => Ok(()),
            Err(error) => Err(self.refused(&error)),
        }
    }

    async fn until_ready(&self) -> Result<(), OpenError> {
        loop {
            if let Some(found) = self.describe().await? {
                if !has_our_key(&found) {
                    return Err(OpenError::Keys {
                        table: self.table.to_owned(),
                        region: self.clients.region.clone(),
                    });
                }
                if matches!(
                    found.table_status,
                    Some(TableStatus::Active | TableStatus::Updating)
                ) {
                    return Ok(());
                }
            }
            let waited = self.by.pause(PAUSE).await;
            waited.map_err(|error| self.failed(error))?;
        }
    }

    async fn have_removed(&self) -> Result<(), OpenError> {
        match self.time_to_live().await? {
            Some(TimeToLiveDescription {
                time_to_live_status: Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling),
                attribute_name: Some(attribute),
                ..
            }) => match attribute.as_str() {
                "ttl" => Ok(()),
                _ => Err(OpenError::TimeToLive {
                    table: self.table.to_owned(),
                    region: self.clients.region.clone(),
                    attribute,
                }),
            },
            _ => self.enable_time_to_live().await,
        }
    }

    async fn time_to_live(&self) -> Result<Option<TimeToLiveDescription>, OpenError> {
        let request = self.clients.reads.describe_time_to_live();
        let answer = self.by.ask(request.table_name(self.table).send()).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        let answer = answer.map_err(|error| self.refused(&error))?;
        Ok(answer.time_to_live_description)
    }

    async fn enable_time_to_live(&self) -> Result<(), OpenError> {
        let setting = TimeToLiveSpecification::builder().enabled(true);
        let setting = setting.attribute_name("ttl").build();
        let setting = setting.map_err(|error| self.failed(CallError::Odd(Box::new(error))))?;
        let request = self.clients.writes.update_time_to_live();
        let request = request
            .table_name(self.table)
            .time_to_live_specification(setting);
        let answer = self.by.ask(request.send()).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        answer.map_err(|error| self.refused(&error)).map(drop)
    }

    fn failed(&self, error: CallError) -> OpenError {
        OpenError::of(error, self.table, &self.clients.region)
    }

    fn refused(&self, error: &impl ProvideErrorMetadata) -> OpenError {
        self.failed(CallError::refused(error))
    }
}

fn has_our_key(table: &TableDescription) -> bool {
    let [key] = table.key_schema() else {
        return false;
    };
    let is_text = |attribute: &AttributeDefinition| {
        attribute.attribute_name == KEY && attribute.attribute_type == ScalarAttributeType::S
    };
    key.attribute_name == KEY && table.attribute_definitions().iter().any(is_text)
}
