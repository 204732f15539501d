using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Fabric.Hosting.Tests;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fabric-test-").FullName;

    private ServerIdentity Identity => new()
    {
        Program = "tester", AuthorityName = "Tester CA", Directory = _directory, Listen = IPAddress.Any, Names = ["fabric.example.net", "192.0.2.7"],
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Generated_certificate_has_the_names_given_and_its_authority_vouches_for_it()
    {
        var (certificate, chain) = await ServerCertificate.LoadAsync(Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Empty(chain);
        Assert.True(certificate.MatchesHostname("fabric.example.net"));
        Assert.True(certificate.MatchesHostname("192.0.2.7"));
        Assert.True(certificate.MatchesHostname("localhost"));
        Assert.False(certificate.MatchesHostname("other.example.net"));
        using var check = new X509Chain
        {
            ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Identity.AuthorityPath) } },
        };
        Assert.True(check.Build(certificate));
    }

    [Fact]
    public async Task Certificate_stays_until_its_names_change()
    {
        var first = await ServerCertificate.LoadAsync(Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        var again = await ServerCertificate.LoadAsync(Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        var renamed = await ServerCertificate.LoadAsync(Identity with { Names = ["new.example.net"] }, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(first.Certificate.Thumbprint, again.Certificate.Thumbprint);
        Assert.NotEqual(first.Certificate.Thumbprint, renamed.Certificate.Thumbprint);
    }

    [Theory]
    [InlineData("127.0.0.1:8443", "127.0.0.1:8443")]
    [InlineData("[::1]:0", "[::1]:0")]
    [InlineData("::1", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("host:1", null)]
    [InlineData("127.0.0.1:65536", null)]
    public void Listen_addresses_are_an_address_and_a_port(string text, string? expected) => Assert.Equal(expected, ListenAddress.Parse(text)?.ToString());

    [Fact]
    public async Task Private_files_are_for_their_owner()
    {
        var path = Path.Combine(_directory, "secret");
        await PrivateFile.WriteAsync(path, "x", TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }
}
