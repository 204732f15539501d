using System.Net;
using Fabric.Hosting;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Host;

/// <summary>Where a controller is and how the node proves who it is.</summary>
/// <param name="Url">Its address, https.</param>
/// <param name="IdentityDirectory">Directory with the node's key and certificate; made by enrolment.</param>
/// <param name="TokenFile">File with the one-time token of the enrolment; null: enrolled already.</param>
/// <param name="TrustFile">Certificates (PEM) that the controller's must lead to; null: those of the machine.</param>
internal sealed record ControllerOptions(Uri Url, string IdentityDirectory, string? TokenFile, string? TrustFile);

/// <summary>How <c>softgated run</c> works.</summary>
internal sealed record SoftgatedOptions
{
    /// <summary>File that has the state; null: a controller has it.</summary>
    internal string? StateFile { get; init; }

    /// <summary>The controller; null: a file has the state.</summary>
    internal ControllerOptions? Controller { get; init; }

    /// <summary>Directory for what must outlive the process: the last state of the controller.</summary>
    internal required string StateDirectory { get; init; }

    /// <summary>Routes and flood lists that no protocol has told; null: none.</summary>
    internal string? StaticRoutes { get; init; }

    /// <summary>Directory of a bpf file system where maps and attachments are pinned.</summary>
    internal required string Pins { get; init; }

    /// <summary>Unix socket that <c>softgated status</c> asks.</summary>
    internal required string Socket { get; init; }

    /// <summary>Where metrics are served; null: nowhere.</summary>
    internal IPEndPoint? Metrics { get; init; }

    /// <summary>How log lines look.</summary>
    internal LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>The object file.</summary>
    internal string ObjectFile { get; init; } = new DataPathOptions().ObjectFile;

    /// <summary>Sizes of the maps.</summary>
    internal required MapSizes Sizes { get; init; }
}
