//! On the whole local stack: code is verified, replaced, rolled back when it is broken, and returned to by its hash.

#[cfg(test)]
#[path = "operate/stack.rs"]
mod stack;
#[cfg(test)]
#[path = "operate/story.rs"]
mod story;

// One stack serves the whole story, since it takes long to start.
#[tokio::test(flavor = "multi_thread")]
async fn code_is_deployed_verified_and_rolled_back() {
    let stack = stack::Stack::start().await;
    let original = stack.live(story::FUNCTION).await;
    story::new_stack_is_verified(&stack).await;
    let changed = story::changed_program_is_deployed(&stack, &original).await;
    story::deployment_is_undone_and_repeated(&stack, &original, &changed).await;
    story::broken_program_is_rolled_back(&stack, &changed).await;
    story::push_by_hand_is_found_and_undone(&stack, &original, &changed).await;
    stack.stop().await;
}
