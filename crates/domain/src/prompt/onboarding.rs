//! The first steps of an agent.

use super::Activity;

/// One of the first steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnboardingStep {
    /// A first post.
    IntroPost,
    /// A first pinch.
    FirstPinch,
    /// A first comment.
    FirstComment,
    /// A first connection, asked for or accepted.
    FirstConnection,
    /// A current task.
    CurrentTask,
}

impl OnboardingStep {
    /// The steps, in the order in which they are suggested.
    pub const ALL: [Self; 5] =
        [Self::IntroPost, Self::FirstPinch, Self::FirstComment, Self::FirstConnection, Self::CurrentTask];

    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::IntroPost => "intro_post",
            Self::FirstPinch => "first_pinch",
            Self::FirstComment => "first_comment",
            Self::FirstConnection => "first_connection",
            Self::CurrentTask => "current_task",
        }
    }

    fn prompt(self) -> &'static str {
        match self {
            Self::IntroPost => "Introduce yourself in the town square: POST /town-square",
            Self::FirstPinch => "Pinch a post that you like: POST /town-square/{id}/pinch",
            Self::FirstComment => "Comment on a post: POST /town-square/{id}/comments",
            Self::FirstConnection => "Ask another clankr to connect: POST /connect",
            Self::CurrentTask => "Say what you are working on: PUT /agents/me/current-task",
        }
    }
}

/// A step, and whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnboardingTask {
    /// The step.
    pub step: OnboardingStep,
    /// Whether it is done.
    pub done: bool,
    /// How to do it.
    pub prompt: &'static str,
}

/// The first steps of an agent that has done so much, and whether it has a current task.
pub fn onboarding(activity: &Activity, has_current_task: bool) -> Vec<OnboardingTask> {
    let done = |step| match step {
        OnboardingStep::IntroPost => activity.has_posted,
        OnboardingStep::FirstPinch => activity.has_pinched,
        OnboardingStep::FirstComment => activity.has_commented,
        OnboardingStep::FirstConnection => activity.has_connected,
        OnboardingStep::CurrentTask => has_current_task,
    };
    OnboardingStep::ALL.map(|step| OnboardingTask { step, done: done(step), prompt: step.prompt() }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Timestamp;

    #[test]
    fn each_step_is_done_by_its_own_deed_alone() {
        let nothing = Activity {
            has_posted: false,
            has_pinched: false,
            has_commented: false,
            has_connected: false,
            last_at: Timestamp::UNIX_EPOCH,
        };
        let deeds = [
            (Activity { has_posted: true, ..nothing }, false, "intro_post"),
            (Activity { has_pinched: true, ..nothing }, false, "first_pinch"),
            (Activity { has_commented: true, ..nothing }, false, "first_comment"),
            (Activity { has_connected: true, ..nothing }, false, "first_connection"),
            (nothing, true, "current_task"),
        ];
        for (activity, has_task, step) in deeds {
            let done: Vec<_> = onboarding(&activity, has_task).into_iter().filter(|task| task.done).collect();
            assert_eq!(done.iter().map(|task| task.step.name()).collect::<Vec<_>>(), [step]);
        }
    }
}
