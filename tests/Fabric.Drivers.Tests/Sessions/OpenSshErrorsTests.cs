using Fabric.Drivers.Sessions;
using Fabric.Primitives;

namespace Fabric.Drivers.Tests.Sessions;

/// <summary>What OpenSSH 9.2 said on standard error, recorded.</summary>
public sealed class OpenSshErrorsTests
{
    private static readonly DeviceEndpoint Endpoint = DeviceEndpoint.TryCreate(
        IpAddr.Parse("10.0.0.1"), 22, "root", ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIeISMeDPpCV2QIfmB8EL1Ng6xNEVNEE1vudlMbULLi8"], out var endpoint, out _)
        ? endpoint
        : throw new InvalidOperationException();

    public static TheoryData<string, DeviceErrorKind> Samples => new()
    {
        { "ssh: connect to host 10.0.0.1 port 22: Connection refused", DeviceErrorKind.Refused },
        { "ssh: connect to host 10.0.0.1 port 22: No route to host", DeviceErrorKind.Unreachable },
        { "ssh: connect to host 10.0.0.1 port 22: Connection timed out", DeviceErrorKind.Unreachable },
        { "ssh: connect to host 10.0.0.1 port 22: Network is unreachable", DeviceErrorKind.Unreachable },
        { "Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out", DeviceErrorKind.Unreachable },
        { "No ED25519 host key is known for fabric-device and you have requested strict checking.\nHost key verification failed.", DeviceErrorKind.HostKeyMismatch },
        {
            "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
            + "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n"
            + "Host key for fabric-device has changed and you have requested strict checking.\nHost key verification failed.",
            DeviceErrorKind.HostKeyMismatch
        },
        { "root@10.0.0.1: Permission denied (publickey).", DeviceErrorKind.AuthenticationFailed },
        { "Unable to negotiate with 10.0.0.1 port 22: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1", DeviceErrorKind.NoCommonAlgorithm },
        { "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa", DeviceErrorKind.NoCommonAlgorithm },
        { "kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.1 port 22", DeviceErrorKind.Refused },
        { "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.1 port 22", DeviceErrorKind.Refused },
        { "mux_client_request_session: read from master failed: Broken pipe", DeviceErrorKind.SessionLost },
        { "Connection to 10.0.0.1 closed by remote host.", DeviceErrorKind.SessionLost },
        { "Timeout, server 10.0.0.1 not responding.", DeviceErrorKind.SessionLost },
        { "client_loop: send disconnect: Broken pipe", DeviceErrorKind.SessionLost },
        { "", DeviceErrorKind.SessionLost },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void Each_text_has_its_kind(string text, DeviceErrorKind kind)
    {
        var error = OpenSshErrors.Map(Endpoint, text);
        Assert.Equal(kind, error.Kind);
        Assert.Contains("root@10.0.0.1 port 22", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Hostile_text_is_bounded_and_harmless()
    {
        var error = OpenSshErrors.Map(Endpoint, new string('x', 100_000) + "\u001b[2J\u0007");
        Assert.True(error.Message.Length < 500);
        Assert.DoesNotContain('\u001b', error.Message);
    }
}
