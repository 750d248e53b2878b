//! A peer that does not take what it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream that waits so long for its peer to take something, and reads nothing more from it
/// meanwhile: who sends requests and takes no answers neither keeps a place nor fills memory.
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Whether somebody wanted to read meanwhile.
    withheld: bool,
    /// Nothing more is written: until when, and how much, of what comes is thrown away.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

/// A connection that ends while its peer still sends would be reset, and the answer, that the body
/// is too large, lost: so what comes is read for a while.
const LINGER: Duration = Duration::from_secs(1);
/// And no more bytes than this: a body that is a little too large, not a flood.
const LINGER_BYTES: usize = 256 * 1024;

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            waiting: None,
            withheld: false,
            lingering: None,
        }
    }

    /// What came of writing.
    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            let waiting = || Box::pin(sleep(self.patience));
            ready!(self.waiting.get_or_insert_with(waiting).as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.waiting = None;
        if std::mem::take(&mut self.withheld) {
            cx.waker().wake_by_ref();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting.is_some() {
            self.withheld = true;
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let (time, bytes) = match &mut this.lingering {
            Some(lingering) => lingering,
            none => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                none.insert((Box::pin(sleep(LINGER)), LINGER_BYTES))
            }
        };
        let mut scrap = [0; 4096];
        while *bytes > 0 && time.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut scrap);
            let read = ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer));
            let more = buffer.filled().len();
            if read.is_err() || more == 0 {
                break;
            }
            *bytes = bytes.saturating_sub(more);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};

    use super::*;

    #[tokio::test]
    async fn waits_as_long_as_it_is_patient_after_every_bit_taken() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Patient::new(ours, Duration::from_secs(4));
        let writing = tokio::spawn(async move { ours.write_all(&[0; 32]).await });
        for _ in 0..3 {
            sleep(Duration::from_millis(1500)).await;
            theirs.read_exact(&mut [0; 8]).await.unwrap();
        }
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn gives_up_who_takes_nothing() {
        let (ours, _theirs) = duplex(8);
        let mut ours = Patient::new(ours, Duration::from_millis(100));
        let error = ours.write_all(&[0; 32]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn nothing_is_read_until_what_was_written_is_taken() {
        let (ours, mut theirs) = duplex(8);
        let ours = Patient::new(ours, Duration::from_secs(60));
        let (mut reader, mut writer) = split(ours);
        let both = tokio::spawn(async move {
            let mut asked = [0; 8];
            // As HTTP does it, in one task that looks first whether there is something to read.
            let (read, written) = tokio::join!(
                biased;
                reader.read_exact(&mut asked),
                writer.write_all(&[0; 16])
            );
            (read.unwrap(), written.unwrap(), asked)
        });
        sleep(Duration::from_millis(200)).await;
        theirs.write_all(b"question").await.unwrap();
        sleep(Duration::from_millis(200)).await;
        let more = tokio::time::timeout(Duration::from_millis(200), theirs.write_all(b"!"));
        more.await.unwrap_err();
        theirs.read_exact(&mut [0; 16]).await.unwrap();
        let (_, (), asked) = both.await.unwrap();
        assert_eq!(&asked, b"question");
    }

    #[tokio::test]
    async fn what_comes_at_the_end_is_thrown_away_for_a_while() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Patient::new(ours, Duration::from_secs(60));
        let ending = tokio::spawn(async move { ours.shutdown().await });
        theirs.write_all(&[0; 100_000]).await.unwrap();
        assert_eq!(theirs.read(&mut [0; 8]).await.unwrap(), 0, "it has ended");
        assert!(!ending.is_finished());
        theirs.write_all(&[0; LINGER_BYTES]).await.unwrap_err();
        ending.await.unwrap().unwrap();

        let (ours, _theirs) = duplex(8);
        let mut ours = Patient::new(ours, Duration::from_secs(60));
        ours.shutdown().await.unwrap();
    }
}
