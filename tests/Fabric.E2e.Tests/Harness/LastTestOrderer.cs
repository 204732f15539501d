using Xunit.Sdk;
using Xunit.v3;

namespace Fabric.E2e.Tests.Harness;

/// <summary>Tests with the trait <c>Order=last</c> come after the others of their class.</summary>
public sealed class LastTestOrderer : ITestCaseOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCase> OrderTestCases<TTestCase>(IReadOnlyCollection<TTestCase> testCases)
        where TTestCase : notnull, ITestCase =>
        [.. testCases.OrderBy(t => t.Traits.TryGetValue("Order", out var order) && order.Contains("last") ? 1 : 0)];
}
