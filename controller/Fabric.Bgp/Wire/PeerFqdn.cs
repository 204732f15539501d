namespace Fabric.Bgp.Wire;

/// <summary>The name a peer gives itself; for people, without control characters.</summary>
/// <param name="Host">Host name.</param>
/// <param name="Domain">Domain name; often empty.</param>
public sealed record PeerFqdn(string Host, string Domain)
{
    /// <summary>Host and domain as one name.</summary>
    public override string ToString() => Domain.Length == 0 ? Host : $"{Host}.{Domain}";
}
