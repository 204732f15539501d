using System.Diagnostics.CodeAnalysis;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.Sessions;

/// <summary>Where and as whom a device is logged in to, and the keys it must prove itself with.</summary>
public sealed record DeviceEndpoint
{
    private const int LongestUser = 32;

    private DeviceEndpoint(IpAddr address, int port, string user, ValueList<SshHostKey> hostKeys)
    {
        Address = address;
        Port = port;
        User = user;
        HostKeys = hostKeys;
    }

    /// <summary>Management address.</summary>
    public IpAddr Address { get; }

    /// <summary>TCP port, 1..65535.</summary>
    public int Port { get; }

    /// <summary>Login name: letters, digits, dots, dashes and underscores, not starting with a dash, at most 32.</summary>
    public string User { get; }

    /// <summary>Public host keys that are accepted, at least one.</summary>
    public ValueList<SshHostKey> HostKeys { get; }

    /// <summary>Makes an endpoint; says what is wrong otherwise.</summary>
    /// <param name="address">Management address.</param>
    /// <param name="port">TCP port, 1..65535.</param>
    /// <param name="user">Login name.</param>
    /// <param name="hostKeys">Public keys as in a <c>.pub</c> file.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryCreate(
        IpAddr address,
        int port,
        string user,
        IEnumerable<string> hostKeys,
        [NotNullWhen(true)] out DeviceEndpoint? endpoint,
        [NotNullWhen(false)] out string? error)
    {
        endpoint = null;
        if (address.IsUnspecified || address.IsMulticast)
        {
            error = $"{address} is not the address of a device";
            return false;
        }

        if (port is < 1 or > 65535)
        {
            error = $"a TCP port is 1..65535, got {port}";
            return false;
        }

        if (user.Length is 0 or > LongestUser || user[0] == '-' || !user.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
        {
            error = "a login name has 1..32 letters, digits, dots, dashes or underscores and does not start with a dash";
            return false;
        }

        var keys = new List<SshHostKey>();
        foreach (var text in hostKeys)
        {
            if (!SshHostKey.TryParse(text, out var key, out error))
            {
                return false;
            }

            keys.Add(key);
        }

        if (keys.Count == 0)
        {
            error = "a device needs at least one host key: the content of its /etc/ssh/ssh_host_ed25519_key.pub";
            return false;
        }

        endpoint = new DeviceEndpoint(address, port, user, keys.ToValueList());
        error = null;
        return true;
    }
}
