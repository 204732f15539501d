using Fabric.Primitives;

namespace Fabric.SoftGate.Contracts;

/// <summary>What a SoftGate says of itself to the controller.</summary>
public sealed record SoftGateReport
{
    /// <summary>Revision of the state that is in force.</summary>
    public required long Revision { get; init; }

    /// <summary>True: the data path is attached to all ports and the fabric is reached.</summary>
    public bool Healthy { get; init; }

    /// <summary>What of the state is not in force, and why.</summary>
    public ValueList<SoftGateProblem> Problems { get; init; } = [];

    /// <summary>Sessions now.</summary>
    public long Sessions { get; init; }

    /// <summary>Counters of VPCs, since the data path was loaded.</summary>
    public ValueList<SoftGateVpcCounters> Vpcs { get; init; } = [];
}

/// <summary>Something of the state that is not in force.</summary>
/// <param name="Uid">Uid of the resource; 0: the node as a whole.</param>
/// <param name="Message">Why, in the operator's terms.</param>
public sealed record SoftGateProblem(int Uid, string Message);

/// <summary>Counters of a VPC.</summary>
/// <param name="Uid">Uid of the VPC.</param>
/// <param name="Sessions">Sessions now.</param>
/// <param name="PacketsOut">Packets that have left it.</param>
/// <param name="OctetsOut">Their octets.</param>
/// <param name="PacketsIn">Packets that have entered it.</param>
/// <param name="OctetsIn">Their octets.</param>
public sealed record SoftGateVpcCounters(int Uid, long Sessions, long PacketsOut, long OctetsOut, long PacketsIn, long OctetsIn);
