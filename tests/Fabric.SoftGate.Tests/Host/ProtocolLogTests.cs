using Fabric.Hosting;
using Fabric.SoftGate.Host;

namespace Fabric.SoftGate.Tests.Host;

public sealed class ProtocolLogTests
{
    [Fact]
    public void A_line_is_said_again_only_after_a_while()
    {
        var time = new Clock();
        using var written = new StringWriter();
        var log = new ProtocolLog(new EventLog(written, LogFormat.Text, time), "upstream", time);
        log.Write("a: cannot connect");
        log.Write("b: cannot connect");
        log.Write("a: cannot connect");
        Assert.Equal(2, Lines());
        time.Now += TimeSpan.FromMinutes(5);
        log.Write("a: cannot connect");
        Assert.Equal(3, Lines());

        int Lines() => written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    private sealed class Clock : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
