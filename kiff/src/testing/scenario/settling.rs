//! What a scenario does about executions in doubt.

use super::{Proposed, Scenario, failure::fail};
use crate::{
    Authority, InDoubt, RuntimeError,
    kernel::doubt::Resolution,
    runtime::{Recovered, Resolved},
};

impl Scenario {
    /// Settles an execution in doubt, as [`Runtime::resolve`](crate::Runtime::resolve).
    ///
    /// ```
    /// use kiff::{
    ///     Authority, Domain, Failure, Outcome, domain::{Call, Contract, Definition, Machine},
    ///     doubt::{Probed, Probing, Resolution}, params, testing::Scenario,
    /// };
    ///
    /// let domain = Domain::builder("support", "v1")
    ///     .table(Machine::new("ticket").starts("TICKET_RESOLVED", "RESOLVED").moves("RESOLVED", "TICKET_CLOSED", "CLOSED"))
    ///     .define(
    ///         Definition::new(Contract::new("CLOSE_TICKET", "ticket").allowed_states(["RESOLVED"]).emits(["TICKET_CLOSED"]))
    ///             .executor(|_: Call<'_>| Err(Failure::unknown("no answer"))),
    ///     )
    ///     .role("lead", ["kiff.resolve"])
    ///     .build()?;
    /// let not_there = |_: &Probing| Ok(Probed::NotApplied);
    /// let mut s = Scenario::new(domain).with(|builder| builder.probe("CLOSE_TICKET", not_there));
    /// let bot = Authority::agent("bot", [""; 0])?;
    /// let lead = Authority::human("lee", ["lead"])?;
    /// s.given_events("ticket:t_1", ["TICKET_RESOLVED"]);
    ///
    /// let doubt = s.propose_named(bot.clone(), "CLOSE_TICKET", "ticket:t_1", params! {}).assert_in_doubt("error");
    /// s.probe(&doubt, lead.clone()).assert_failed();
    ///
    /// let doubt = s.propose_named(bot, "CLOSE_TICKET", "ticket:t_1", params! {}).assert_in_doubt("error");
    /// let closed = Resolution::Succeeded(Outcome::new("closed").emit("TICKET_CLOSED"));
    /// s.resolve(&doubt, lead, closed, "seen in the support tool").assert_executed();
    /// s.assert_state("ticket:t_1", "CLOSED");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn resolve(
        &mut self,
        doubt: &InDoubt,
        authority: Authority,
        resolution: Resolution,
        evidence: &str,
    ) -> Proposed {
        let resolved = self.runtime().resolve(&authority, doubt.execution_id, resolution, evidence);
        self.settled(resolved)
    }

    /// Has the action's probe asked about an execution in doubt, as [`Runtime::probe`](crate::Runtime::probe). The example
    /// of [`resolve`](Self::resolve) asks one.
    #[track_caller]
    pub fn probe(&mut self, doubt: &InDoubt, authority: Authority) -> Proposed {
        let resolved = self.runtime().probe(&authority, doubt.execution_id);
        self.settled(resolved)
    }

    /// Attempts an execution in doubt again, as [`Runtime::retry`](crate::Runtime::retry).
    #[track_caller]
    pub fn retry(&mut self, doubt: &InDoubt, authority: Authority) -> Proposed {
        let resolved = self.runtime().retry(&authority, doubt.execution_id);
        self.settled(resolved)
    }

    /// Does about each execution in doubt what is declared, as [`Runtime::recover`](crate::Runtime::recover).
    #[track_caller]
    pub fn recover(&mut self, authority: Authority) -> Vec<Recovered> {
        match self.runtime().recover(&authority) {
            Ok(recovered) => recovered,
            Err(error) => fail(&error),
        }
    }

    #[track_caller]
    fn settled(&mut self, resolved: Result<Resolved, RuntimeError>) -> Proposed {
        match resolved {
            Ok(Resolved::Settled(answer)) => self.proposed(*answer),
            Ok(Resolved::Refused(refusal)) => fail(&refusal),
            Err(error) => fail(&error),
        }
    }
}
