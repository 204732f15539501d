using Fabric.Drivers.Sessions;
using Fabric.Primitives;

namespace Fabric.Drivers.Tests.Sessions;

public sealed class DeviceEndpointTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIeISMeDPpCV2QIfmB8EL1Ng6xNEVNEE1vudlMbULLi8";

    [Theory]
    [InlineData("10.0.0.1", 22, "root", Key + " root@switch")]
    [InlineData("2001:db8::1", 65535, "admin_1.x-y", Key)]
    public void A_complete_endpoint_is_taken(string address, int port, string user, string key)
    {
        Assert.True(DeviceEndpoint.TryCreate(IpAddr.Parse(address), port, user, [key], out var endpoint, out _));
        Assert.Equal(Key, endpoint.HostKeys[0].ToString());
        Assert.True(DeviceEndpoint.TryCreate(IpAddr.Parse(address), port, user, [key], out var same, out _));
        Assert.Equal(endpoint, same);
    }

    [Theory]
    [InlineData("0.0.0.0", 22, "root", Key, "not the address of a device")]
    [InlineData("224.0.0.1", 22, "root", Key, "not the address of a device")]
    [InlineData("10.0.0.1", 0, "root", Key, "1..65535")]
    [InlineData("10.0.0.1", 65536, "root", Key, "1..65535")]
    [InlineData("10.0.0.1", 22, "", Key, "login name")]
    [InlineData("10.0.0.1", 22, "-oProxyCommand=x", Key, "login name")]
    [InlineData("10.0.0.1", 22, "a b", Key, "login name")]
    [InlineData("10.0.0.1", 22, "root", "", "host key is written like")]
    [InlineData("10.0.0.1", 22, "root", "ssh-ed25519", "host key is written like")]
    [InlineData("10.0.0.1", 22, "root", "ssh-ed25519 !!!!", "host key is written like")]
    [InlineData("10.0.0.1", 22, "root", "ssh-ed25519 AAAA", "host key is written like")]
    [InlineData("10.0.0.1", 22, "root", "ssh-ed25519 AAAAC3Nz\nevil", "host key is written like")]
    [InlineData("10.0.0.1", 22, "root", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIIeISMeDPpCV2QIfmB8EL1Ng6xNEVNEE1vudlMbULLi8", "type does not match")]
    [InlineData("10.0.0.1", 22, "root", "ssh-ed25519 /////////////w==", "type does not match")]
    public void A_bad_endpoint_is_refused_with_its_reason(string address, int port, string user, string key, string reason)
    {
        Assert.False(DeviceEndpoint.TryCreate(IpAddr.Parse(address), port, user, [key], out _, out var error));
        Assert.Contains(reason, error);
    }

    [Fact]
    public void A_device_without_host_keys_is_refused()
    {
        Assert.False(DeviceEndpoint.TryCreate(IpAddr.Parse("10.0.0.1"), 22, "root", [], out _, out var error));
        Assert.Contains("at least one host key", error);
    }
}
