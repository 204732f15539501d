using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>The program as its operator meets it.</summary>
public sealed class ProcessTests
{
    public static TheoryData<string[], string> BadOptions() => new()
    {
        { [], "--data-dir" },
        { ["--data-dir", "/tmp/x", "--nonsense"], "--nonsense" },
        { ["--data-dir", "/tmp/x", "--listen", "localhost"], "--listen localhost: give an IP address and a port" },
        { ["--data-dir", "/tmp/x", "--listen", "127.0.0.1:99999"], "--listen 127.0.0.1:99999" },
        { ["--data-dir", "/tmp/x", "--listen", "::1:8443"], "--listen ::1:8443" },
        { ["--data-dir", "/tmp/x", "--log-format", "xml"], "xml" },
        { ["--data-dir", "/tmp/x", "--tls-cert", "/etc/hostname"], "--tls-cert and --tls-key go together" },
        { ["--data-dir", "/tmp/x", "--ssh-key", "/nowhere/key"], "--ssh-key /nowhere/key: there is no such file" },
        { ["--data-dir", "/etc/hostname"], "--data-dir /etc/hostname is a file" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task BadOptionsAreSaidInOneLineEach(string[] arguments, string says)
    {
        await using var fabricd = FabricdProcess.Launch(arguments);
        var (code, errors) = await fabricd.ExitAsync();
        Assert.Equal(2, code);
        Assert.Contains(says, errors, StringComparison.Ordinal);
        Assert.All(errors.TrimEnd().Split('\n'), line => Assert.StartsWith("fabricd: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task GivenCertificateIsShown()
    {
        using var directory = new TemporaryDirectory();
        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=given", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        var (certificatePath, keyPath) = (Path.Combine(directory.Path, "given.crt"), Path.Combine(directory.Path, "given.key"));
        await File.WriteAllTextAsync(certificatePath, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem());
        var data = Path.Combine(directory.Path, "data");
        await using var fabricd = FabricdProcess.Launch("--data-dir", data, "--listen", "127.0.0.1:0", "--ssh-key", keyPath, "--tls-cert", certificatePath, "--tls-key", keyPath);
        var address = await fabricd.ReadyAsync();
        using var http = ApiHost.Trusting(certificatePath);
        using var answer = await http.GetAsync(new Uri(address, "/healthz/live"));
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.False(File.Exists(Path.Combine(data, "ca.crt")));
    }

    [Fact]
    public async Task CertificateThatIsNoneIsSaid()
    {
        using var directory = new TemporaryDirectory();
        await using var fabricd = FabricdProcess.Launch("--data-dir", Path.Combine(directory.Path, "data"), "--tls-cert", "/etc/hostname", "--tls-key", "/etc/hostname");
        var (code, errors) = await fabricd.ExitAsync();
        Assert.Equal(1, code);
        Assert.StartsWith("fabricd: /etc/hostname", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task SecondControllerOnTheSameStoreIsRefused()
    {
        using var directory = new TemporaryDirectory();
        var data = Path.Combine(directory.Path, "data");
        await using var first = await FabricdProcess.StartAsync(data);
        await using var second = FabricdProcess.Launch("--data-dir", data, "--listen", "127.0.0.1:0");
        var (code, errors) = await second.ExitAsync();
        Assert.Equal(1, code);
        Assert.Contains("another fabricd has this store open", errors, StringComparison.Ordinal);
        (await first.Admin.GetAsync("/api/v1/status")).Expect(200);
    }

    [Fact]
    public async Task AddressInUseIsSaid()
    {
        using var directory = new TemporaryDirectory();
        await using var first = await FabricdProcess.StartAsync(Path.Combine(directory.Path, "one"));
        await using var second = FabricdProcess.Launch(
            "--data-dir", Path.Combine(directory.Path, "two"), "--listen", first.Admin.Http.BaseAddress!.Authority, "--ssh-key", Path.Combine(directory.Path, "ssh.key"));
        var (code, errors) = await second.ExitAsync();
        Assert.Equal(1, code);
        Assert.Contains("address already in use", errors, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("fabricd: ", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TerminationEndsItCleanlyAndNoSecretIsInTheLog()
    {
        using var directory = new TemporaryDirectory();
        var data = Path.Combine(directory.Path, "data");
        await using var fabricd = await FabricdProcess.StartAsync(data);
        var token = (await fabricd.Admin.PostAsync("/api/v1/tokens", new { name = "t", role = "viewer" })).Expect(201)["token"].GetValue<string>();
        (await fabricd.Admin.PostAsync("/api/v1/tenants", new { name = "t", spec = new { } })).Expect(201);
        fabricd.Admin.Http.DefaultRequestHeaders.Authorization = new("Bearer", token[..^1] + "x");
        (await fabricd.Admin.GetAsync("/api/v1/status")).ExpectProblem(401, "unauthorized");
        var (code, errors) = await fabricd.TerminateAsync();
        Assert.Equal(0, code);
        Assert.DoesNotContain("fab_", errors, StringComparison.Ordinal);
        Assert.Contains("admin.token", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(token[4..20], errors, StringComparison.Ordinal);
    }
}
