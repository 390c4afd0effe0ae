use kiff::StateMachine;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    /// Known.
    #[enter(on = "ORDER_PLACED")]
    Created,
    /// Paid for.
    #[enter(from = Created, on = "ORDER_PAID")]
    Paid,
    /// Paid back.
    #[enter(from = Paid, on = "ORDER_REFUNDED")]
    Refunded,
}
