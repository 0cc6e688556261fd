//! Limits the answers of AWS services, which are read into memory.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use http_body_util::Limited;

/// The longest answer. The largest one is the report of a discarded batch: the event of a batch has at most 6 MB, and the
/// report contains it as a JSON string.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Fails a call whose answer is longer than this number of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitAnswers(pub(crate) usize);

impl Intercept for LimitAnswers {
    fn name(&self) -> &'static str {
        "LimitAnswers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let answer = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(answer, self.0));
        Ok(())
    }
}
