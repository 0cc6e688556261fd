//! Methods of trait implementations and default methods, sync and async.

use std::future::Future;

use tt_metrics::{count, count_outcome};

trait Store {
    type Answer;

    fn get(&self, key: &str) -> Self::Answer;

    fn fetch(&self, key: &str) -> impl Future<Output = Result<u8, String>> + Send;

    #[allow(async_fn_in_trait)]
    async fn plain(&self, key: &str) -> Result<u8, String>;

    #[count_outcome(success = "S", failure = "F")]
    fn get_twice(&self, key: &str) -> Result<(Self::Answer, Self::Answer), String> {
        Ok((self.get(key), self.get(key)))
    }

    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn fetch_twice(&self, key: &str) -> Result<u8, String> {
        Ok(self.fetch(key).await? + self.plain(key).await?)
    }
}

struct Map;

impl Store for Map {
    type Answer = Result<u8, String>;

    #[count_outcome(success = "S", failure = "F")]
    fn get(&self, key: &str) -> <Self as Store>::Answer {
        key.parse().map_err(|_| key.to_owned())
    }

    #[count_outcome(success = "S", failure = "F")]
    async fn fetch(&self, key: &str) -> Result<u8, String> {
        self.get(key)
    }

    #[count_outcome(success = "S", failure = "F")]
    async fn plain(&self, key: &str) -> Result<u8, String> {
        self.get(key)
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(Map.get_twice("1"), Ok((Ok(1), Ok(1))));
    let _ = ::futures_util::FutureExt::now_or_never(Map.fetch_twice("1"));
    assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [1, 8]);
}
