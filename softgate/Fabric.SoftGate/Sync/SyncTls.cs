using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fabric.SoftGate.Sync;

/// <summary>TLS between partners, by the certificates of their enrolment: each must show the one that
/// the fabric's authority has given to the other.</summary>
/// <param name="own">The own certificate with its key; null: not enrolled yet. Asked for each connection: certificates are renewed.</param>
/// <param name="authorities">What to trust.</param>
/// <param name="time">The clock.</param>
internal sealed class SyncTls(Func<X509Certificate2?> own, Func<X509Certificate2Collection> authorities, TimeProvider time)
{
    private const string Subject = "CN=fabric-softgate-";

    // What the authority says that its certificates are for, whichever side shows them here.
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>Wraps a connection.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="listens">Whether this is the side that listens.</param>
    /// <param name="partner">Uid of the partner's Device.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="AuthenticationException">The partner does not prove that it is one, or the node is not enrolled.</exception>
    internal async Task<SslStream> SecureAsync(Stream stream, bool listens, int partner, CancellationToken stop)
    {
        X509Certificate2 certificate;
        X509Certificate2Collection trusted;
        try
        {
            certificate = own() ?? throw new AuthenticationException("this node is not enrolled yet");
            trusted = authorities();
        }
        catch (CryptographicException e)
        {
            throw new AuthenticationException($"the certificate of this node cannot be read: {e.Message}", e);
        }

        var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, its, _, _) => its is X509Certificate2 shown && IsPartner(shown, partner, trusted));
        try
        {
            if (listens)
            {
                await tls.AuthenticateAsServerAsync(new() { ServerCertificate = certificate, ClientCertificateRequired = true, EnabledSslProtocols = SslProtocols.Tls13 }, stop);
            }
            else
            {
                await tls.AuthenticateAsClientAsync(
                    new()
                    {
                        TargetHost = "softgate",
                        ClientCertificates = [certificate],
                        LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
                        EnabledSslProtocols = SslProtocols.Tls13,
                    },
                    stop);
            }

            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private bool IsPartner(X509Certificate2 shown, int partner, X509Certificate2Collection trusted)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUse));
        return shown.Subject == string.Create(CultureInfo.InvariantCulture, $"{Subject}{partner}") && chain.Build(shown);
    }
}
