namespace Fabric.Drivers.Sessions;

/// <summary>The one place that knows what the OpenSSH client says when something goes wrong (9.x, LC_ALL=C, LogLevel=INFO).</summary>
internal static class OpenSshErrors
{
    private const int LongestMessage = 300;

    /// <summary>Texts of the client, the most telling first: the first that occurs decides.</summary>
    private static readonly (string Text, DeviceErrorKind Kind)[] Table =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", DeviceErrorKind.HostKeyMismatch),
        ("Host key verification failed", DeviceErrorKind.HostKeyMismatch),
        ("no matching host key type found", DeviceErrorKind.NoCommonAlgorithm),
        ("no matching", DeviceErrorKind.NoCommonAlgorithm),
        ("Permission denied (", DeviceErrorKind.AuthenticationFailed),
        ("Too many authentication failures", DeviceErrorKind.AuthenticationFailed),
        ("Connection refused", DeviceErrorKind.Refused),
        ("No route to host", DeviceErrorKind.Unreachable),
        ("Network is unreachable", DeviceErrorKind.Unreachable),
        ("Host is down", DeviceErrorKind.Unreachable),
        ("Connection timed out during banner exchange", DeviceErrorKind.Unreachable),
        ("Connection timed out", DeviceErrorKind.Unreachable),
        ("Operation timed out", DeviceErrorKind.Unreachable),
        ("kex_exchange_identification", DeviceErrorKind.Refused),
        ("banner exchange", DeviceErrorKind.Refused),
        ("not responding", DeviceErrorKind.SessionLost),
        ("read from master failed", DeviceErrorKind.SessionLost),
        ("Session open refused by peer", DeviceErrorKind.SessionLost),
        ("Connection reset by", DeviceErrorKind.SessionLost),
        ("Connection closed by", DeviceErrorKind.SessionLost),
        ("Connection to", DeviceErrorKind.SessionLost),
        ("Broken pipe", DeviceErrorKind.SessionLost),
    ];

    /// <summary>The failure that the client's standard error tells of.</summary>
    /// <param name="endpoint">Whom it was to reach.</param>
    /// <param name="error">The client's standard error; may hold anything.</param>
    public static DeviceException Map(DeviceEndpoint endpoint, string error)
    {
        var kind = DeviceErrorKind.SessionLost;
        foreach (var (text, mapped) in Table)
        {
            if (error.Contains(text, StringComparison.Ordinal))
            {
                kind = mapped;
                break;
            }
        }

        var where = $"{endpoint.User}@{endpoint.Address} port {endpoint.Port}";
        var message = kind switch
        {
            DeviceErrorKind.HostKeyMismatch =>
                $"{where} shows a host key that is not pinned; if the device was installed anew, give its new key in the Device resource",
            DeviceErrorKind.AuthenticationFailed => $"{where} does not accept the controller's key",
            DeviceErrorKind.Refused => $"{where} refuses SSH",
            DeviceErrorKind.Unreachable => $"{where} does not answer",
            DeviceErrorKind.NoCommonAlgorithm => $"{where} and this controller have no SSH algorithm in common",
            _ => $"the session to {where} was lost",
        };
        return new DeviceException(kind, $"{message} ({Telling(error)})");
    }

    /// <summary>The last telling line of the client's words, bounded and without control characters.</summary>
    private static string Telling(string error)
    {
        var line = error
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .LastOrDefault(l => !l.StartsWith('@')) ?? "ssh said nothing";
        line = string.Concat(line.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return line.Length <= LongestMessage ? line : line[..LongestMessage] + "…";
    }
}
