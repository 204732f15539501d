using System.Net;

namespace Fabric.Hosting;

/// <summary>Who a server says it is, and where it keeps the proof.</summary>
public sealed record ServerIdentity
{
    /// <summary>The program's name, in the subject of a generated certificate.</summary>
    public required string Program { get; init; }

    /// <summary>Name of the certificate authority that is made where no certificate is given.</summary>
    public required string AuthorityName { get; init; }

    /// <summary>Where generated certificates and keys are kept.</summary>
    public required string Directory { get; init; }

    /// <summary>The address it listens on.</summary>
    public required IPAddress Listen { get; init; }

    /// <summary>Further names and addresses under which clients reach it.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Certificate chain of the operator's, PEM; null: one is made. Together with <see cref="Key"/>.</summary>
    public string? Certificate { get; init; }

    /// <summary>Private key of that certificate, PEM.</summary>
    public string? Key { get; init; }

    /// <summary>The certificate that clients shall trust where none is given.</summary>
    public string AuthorityPath => Path.Combine(Directory, "ca.crt");
}
