use crate::run::browser;

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_shows_by_itself_what_is_sent_and_called() {
    browser("inbox.mjs").await;
}
